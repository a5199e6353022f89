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
    std::string uuid;        ///< as Linux and GRUB derive it from its dates: "2026-11-23-16-34-03-00"
    std::uint64_t size = 0;  ///< the volume's size in bytes, by the descriptor
};

/// Unset if the bytes are not an ISO 9660 image.
std::optional<IsoVolume> read_iso_volume(const ByteView& iso);

struct IsoNode {
    bool directory = false;
    std::string target;        ///< of a symbolic link; empty for other files
    ByteView content;          ///< of a file
    std::uint64_t size = 0;    ///< by the directory; content is shorter if the image ends before
    std::uint64_t offset = 0;  ///< in the ISO, bytes
};

/// Every file of an ISO under its path. Names are Rock Ridge's if present, else Joliet's, else plain ones in
/// lower case without version, as Linux and GRUB show them.
struct IsoTree {
    enum class Names { rock_ridge, joliet, plain };
    Names names = Names::plain;
    std::map<std::string, IsoNode, std::less<>> nodes;         ///< "/boot/grub/grub.cfg"; without "/"
    std::map<std::string, std::string, LessAnyCase> any_case;  ///< the paths of `nodes`
    bool damaged = false;  ///< a directory is cut off, damaged or its own parent, or the limits were exceeded

    /// Follows symbolic links. Ignores case unless the names are Rock Ridge's.
    /// @return null if the file or directory does not exist
    const IsoNode* find(std::string_view path) const;
    /// The path that differs only in case; "" if it does not exist.
    std::string find_any_case(std::string_view path) const;
    /// The file whose content begins at this offset; "" if none does.
    std::string path_at(std::uint64_t offset) const;
};

/// Reads at most 300 000 nodes and 256 MiB of directories.
IsoTree read_iso_tree(const ByteView& iso);
/// The same with plain ISO 9660 names: firmware and ISOLINUX before version 6.03 see only those.
IsoTree read_plain_iso_tree(const ByteView& iso);

}  // namespace lktest
