// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace lktest {

inline constexpr std::size_t longest_name = 64;  // the cell's name, with a suffix, must fit into NAME_MAX

/// Whether a part of a cell's name may have the character: it must suit a directory, a libvirt domain and a
/// JUnit case.
bool is_plain(char c);

/// A file's stem, with only such characters; empty if it has none.
std::string plain_stem(const std::filesystem::path& path);

}  // namespace lktest
