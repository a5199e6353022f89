// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "harness/diagnose/symbols.hpp"
#include "harness/diagnose/vmcoreinfo.hpp"

namespace lktest {

/// Decodes the table of names that a kernel holds in its memory. VMCOREINFO says where its parts are.
/// Otherwise they are found by their shape and by how they agree with each other. Their order and the
/// meaning of the offsets changed in Linux 6.4 and 7.0; all forms are tried (scripts/kallsyms.c).
/// @param kernel  the kernel's VMCOREINFO; null if it does not exist yet
/// @param near    a physical address in the kernel's image
/// @return unset if the table or a part of it is missing
std::optional<Symbols> find_symbols(const AddressSpace& space, const Vmcoreinfo* kernel, std::uint64_t near);

}  // namespace lktest
