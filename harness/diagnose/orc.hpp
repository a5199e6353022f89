// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "harness/diagnose/symbols.hpp"

namespace lktest {

/// Follows the stack of an x86_64 kernel with its ORC tables (Documentation/arch/x86/orc-unwinder.rst).
/// @return all code addresses on the stack, innermost first; only `pc` if the kernel has no such tables
std::vector<CodeAddress> unwind_by_orc(const AddressSpace& space, const Symbols& symbols, std::uint64_t pc,
                                       std::uint64_t sp, std::uint64_t frame);

}  // namespace lktest
