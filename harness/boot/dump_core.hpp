// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "harness/boot/onlooker.hpp"

namespace lktest {

/// Writes all of a guest's memory, and how its kernel describes itself, in the compressed format of kdump; a
/// few seconds. Throws a host Error.
void dump_core(const Domain& guest, const Onlooker& onlooker, const std::filesystem::path& file);

}  // namespace lktest
