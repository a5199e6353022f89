// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "harness/diagnose/symbols.hpp"
#include "harness/diagnose/vmcoreinfo.hpp"

namespace lktest {

/// Decodes the table of names that a kernel holds in its memory. VMCOREINFO says where its parts
/// lie; else they are found by their shape and by how they agree with each other. 6.1 and 6.12
/// lay them out in different orders; both are tried (scripts/kallsyms.c).
/// @param kernel  by which the kernel describes itself; null: not yet
/// @param near    a physical address in the kernel's image
/// Nothing when there is none, or not all of it is there.
std::optional<Symbols> find_symbols(const AddressSpace& space, const Vmcoreinfo* kernel, std::uint64_t near);

}  // namespace lktest
