// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "harness/boot/onlooker.hpp"

namespace lktest {

/// Writes all of a guest's memory, and how its kernel describes itself: to a file whose name ends in .elf for
/// gdb, see dump_elf(), else in the compressed format of kdump. A few seconds, in which the guest stands
/// still. Returns the command that opens it. Throws a host Error.
std::string dump_core(Domain& guest, const Onlooker& onlooker, const std::filesystem::path& file);

}  // namespace lktest
