// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "harness/boot/onlooker.hpp"

namespace lktest {

/// Writes a guest's memory and its kernel's description. A file whose name ends in .elf is for gdb, see
/// dump_elf(); any other has the compressed format of kdump. The guest is paused for a few seconds. Returns
/// the command that opens the file. Throws a host Error.
std::string dump_core(Domain& guest, const Onlooker& onlooker, const std::filesystem::path& file);

}  // namespace lktest
