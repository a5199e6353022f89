// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "builder/inspect/iso_tree.hpp"

namespace lktest {

/// A list of checksums on the medium, compared with its files.
struct ChecksumList {
    std::string path;
    std::size_t right = 0;
    std::vector<std::string> differing = {}, missing = {};  ///< at most 100 each
    std::size_t unchecked = 0;                              ///< files that were too large to read
};

/// The sum that isomd5sum put into the volume descriptor: Fedora and RHEL call it "media check".
struct ImplantedSum {
    bool checked = false;  ///< the image was small enough to be read
    bool right = false;
};

/// Reads md5sum.txt, SHA256SUMS, *.sha512 and the like. The smallest files come first.
/// @param limit  total bytes to read
/// @param patched  positions of files that the ISO's writer changes afterwards: boot images and their
/// catalogue
std::vector<ChecksumList> check_lists(const IsoTree& tree, const std::vector<std::uint64_t>& patched,
                                      std::uint64_t limit);

/// @return unset if the image does not have such a sum
std::optional<ImplantedSum> check_implanted(const ByteView& iso, std::uint64_t limit);

}  // namespace lktest
