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

}  // namespace lktest
