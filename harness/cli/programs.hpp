// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace lktest {

/// Finds the program as the shell would; unset if no directory of `path` has it. Also searches the
/// directories of administration, as sudo does.
/// @param path  as $PATH
std::optional<std::filesystem::path> find_program(std::string_view program, std::string_view path);
std::optional<std::filesystem::path> find_program(std::string_view program);

/// "7.2.15" from "QEMU emulator version 7.2.15 (Debian 1:7.2+dfsg-7)"; empty if the text is different.
std::string qemu_version(std::string_view printed);
/// Runs the program to ask; empty if it does not answer.
std::string ask_qemu_version(const std::filesystem::path& program);

}  // namespace lktest
