// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "builder/base/platform.hpp"

namespace lktest {

/// Where the shell would find the program; nothing when it is in no directory of
/// `path`. The directories of administration are looked into too, as sudo does.
/// @param path  as $PATH
std::optional<std::filesystem::path> find_program(std::string_view program, std::string_view path);
std::optional<std::filesystem::path> find_program(std::string_view program);

/// "qemu-system-aarch64"
std::string qemu_program(Arch arch);
/// Debian's package that has it: "qemu-system-arm".
std::string_view qemu_package(Arch arch);

/// "7.2.15" of "QEMU emulator version 7.2.15 (Debian 1:7.2+dfsg-7)"; empty when the text is another.
std::string qemu_version(std::string_view printed);
/// Asked of the program itself; empty when it is not there or does not answer.
std::string qemu_version(Arch arch);

}  // namespace lktest
