// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "harness/boot/onlooker.hpp"
#include "harness/machine/domain.hpp"
#include "harness/machine/qemu_user.hpp"

namespace lktest {

/// The gdb that knows the architecture, as Debian names it.
std::string_view gdb_for(Arch arch);

/// Lets QEMU listen for gdb on a socket in `directory`, and writes gdb.cmd there: what to connect to and, of
/// a guest that runs a kernel, kernel.elf with its symbols where address randomisation has put them.
/// Returns the command that starts gdb. Throws a usage Error when the socket's path is too long.
/// @param user   whom QEMU runs as; null: as this process
/// @param place  the cell's own directory, if QEMU sees nothing else; null: it can enter `directory`
std::string serve_gdb(Domain& guest, Onlooker& onlooker, Arch arch, const std::filesystem::path& directory,
                      const QemuUser* user, const std::filesystem::path* place);

}  // namespace lktest
