// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

#include "builder/inspect/boot_config.hpp"

// Limits that several readers of a medium share. Every list or total that input can multiply has a limit;
// harness/SECURITY.md has a table of all.
namespace lktest {

/// The longest name of a file and the longest path in bytes, as on Linux (NAME_MAX, PATH_MAX).
inline constexpr std::size_t longest_file_name = 255, longest_path = 4096;

/// For each menu entry. A longer command line is cut, and then counts as uncertain: a kernel accepts 2 to 4
/// KiB.
inline constexpr std::size_t initrd_limit = 16, command_line_limit = 16 << 10;
/// Labels that a configuration uses.
inline constexpr std::size_t label_limit = 256;

/// Adds parameters to a command line. The kernel's own EFI loader reads the files of initrd=.
void add_options(BootEntry& entry, std::string_view options, std::size_t line);
/// Adds words to a command line, within its limit.
void append_words(BootEntry& entry, std::string_view words);
/// Adds the labels that kernel parameters name, within their limit.
void add_labels(BootConfig& config, std::string_view command_line, std::size_t line);

}  // namespace lktest
