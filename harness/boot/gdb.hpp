// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "harness/boot/onlooker.hpp"
#include "harness/machine/domain.hpp"
#include "harness/machine/qemu_user.hpp"

namespace lktest {

/// The name of the gdb for the architecture in Debian.
std::string_view gdb_for(Arch arch);

/// Makes QEMU listen for gdb on a socket in `directory`, and writes gdb.cmd there, which connects to it. If
/// the guest runs a kernel, also writes kernel.elf with its symbols at their randomized addresses. Returns
/// the command that starts gdb. Throws a usage Error if the socket's path is too long.
/// @param user   the user of QEMU's process; null for this process's user
/// @param place  the cell's own directory, if QEMU sees nothing else; null if it can enter `directory`
std::string serve_gdb(Domain& guest, Onlooker& onlooker, Arch arch, const std::filesystem::path& directory,
                      const QemuUser* user, const std::filesystem::path* place);

}  // namespace lktest
