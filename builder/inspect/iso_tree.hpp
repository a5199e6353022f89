// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "builder/inspect/byte_view.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {

/// The primary volume descriptor (ECMA-119, 8.4).
struct IsoVolume {
    std::string label, system, application, created;  ///< created: "2026-11-23 16:34:03", UTC or local
    std::string uuid;        ///< as Linux and GRUB make it of its dates: "2026-11-23-16-34-03-00"
    std::uint64_t size = 0;  ///< bytes that the volume says it has
};

/// Nothing when the bytes are no ISO 9660 image.
std::optional<IsoVolume> read_iso_volume(const ByteView& iso);

struct IsoNode {
    bool directory = false;
    std::string target;        ///< of a symbolic link; empty when it is none
    ByteView content;          ///< of a file
    std::uint64_t size = 0;    ///< that the directory says; content has less when the image ends before
    std::uint64_t offset = 0;  ///< in the ISO, bytes
};

/// Every file of an ISO under its path. Names are Rock Ridge's where there are such, else Joliet's,
/// else plain ones in small letters without version, as Linux and GRUB show them.
struct IsoTree {
    enum class Names { rock_ridge, joliet, plain };
    Names names = Names::plain;
    std::map<std::string, IsoNode, std::less<>> nodes;         ///< "/boot/grub/grub.cfg"; without "/"
    std::map<std::string, std::string, LessAnyCase> any_case;  ///< the paths of `nodes`
    bool damaged = false;  ///< a directory is cut off, garbled or its own parent, or there is too much

    /// Follows symbolic links; letters match in any case unless the names are Rock Ridge's.
    /// @return nothing when there is no such file or directory
    const IsoNode* find(std::string_view path) const;
    /// The path that one in another case of letters has; "" when there is none.
    std::string find_any_case(std::string_view path) const;
    /// The file whose content begins there; "" when there is none.
    std::string path_at(std::uint64_t offset) const;
};

/// Reads at most 300 000 nodes and 256 MiB of directories.
IsoTree read_iso_tree(const ByteView& iso);
/// The same with ISO 9660's own names only, which is all that ISOLINUX before version 6.03 and firmware see.
IsoTree read_plain_iso_tree(const ByteView& iso);

}  // namespace lktest
