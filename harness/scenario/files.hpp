// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/base/toml_reader.hpp"

namespace lktest {

/// Special file names. "medium" is the booted ISO, "medium:/live" a file or directory on it, and "module:DIR"
/// that directory as a SquashFS.
inline constexpr std::string_view medium_file = "medium", next_medium = "then",
                                  of_medium = "medium:", as_module = "module:";

/// Files that a scenario puts somewhere: the destination path, and the file to copy or a name as above.
using FileList = std::vector<std::pair<std::string, std::string>>;

/// Reads a table of files: [disk.files], [served].
FileList read_files(TomlSource& source, const toml::table& values);

}  // namespace lktest
