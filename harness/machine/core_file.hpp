// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace lktest {

/// Makes of a dump as QEMU writes it, to which more is only ever appended ("flattened": makedumpfile's
/// README), the file of kdump's format: each piece at its offset. Leaves alone what is
/// none, and what this process may not read: a daemon's. Throws a host Error when a piece is missing or the
/// disk is full.
void unflatten_core(const std::filesystem::path& file);

}  // namespace lktest
