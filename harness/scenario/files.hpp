// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/base/toml_reader.hpp"

namespace lktest {

/// What stands for a file: "medium", the ISO that is booted; "medium:/live", a file or directory on it;
/// "module:DIR", that directory as a SquashFS.
inline constexpr std::string_view medium_file = "medium", of_medium = "medium:", as_module = "module:";

/// Files that a scenario puts somewhere: the path there, and the file that is copied, or one of those above.
using FileList = std::vector<std::pair<std::string, std::string>>;

/// Reads such a table: [disk.files], [served].
FileList read_files(TomlSource& source, const toml::table& values);

}  // namespace lktest
