// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace lktest {

/// Where the shell would find the program; nothing when it is in no directory of
/// `path`. The directories of administration are looked into too, as sudo does.
/// @param path  as $PATH
std::optional<std::filesystem::path> find_program(std::string_view program, std::string_view path);
std::optional<std::filesystem::path> find_program(std::string_view program);

/// "7.2.15" of "QEMU emulator version 7.2.15 (Debian 1:7.2+dfsg-7)"; empty when the text is another.
std::string qemu_version(std::string_view printed);
/// Asked of the program itself; empty when it does not answer.
std::string ask_qemu_version(const std::filesystem::path& program);

}  // namespace lktest
