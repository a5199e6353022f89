// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <variant>

namespace lktest {

/// A file of the ISO or the ESP: its bytes, or the file on disk that has them.
struct ImageFile {
    std::string path;  ///< "/EFI/BOOT/BOOTX64.EFI"
    std::variant<std::string, std::filesystem::path> content;
};

/// Its content, which may have to be read. Throws a host Error if it cannot be.
std::string bytes_of(const ImageFile& file);

}  // namespace lktest
