// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/diagnose/symbols.hpp"

namespace lktest {

/// The section .debug_frame (DWARF 5, section 6.4) with which a debugger follows the stacks of an x86_64
/// kernel as the kernel's ORC tables say. Empty if it has none.
std::string call_frames(const AddressSpace& space, const Symbols& symbols);

}  // namespace lktest
