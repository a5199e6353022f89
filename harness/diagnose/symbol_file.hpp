// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "builder/base/platform.hpp"
#include "harness/diagnose/symbols.hpp"

namespace lktest {

/// A kernel's symbols as an ELF file without any code, for a debugger: it reads the code from the machine.
/// Empty sections cover the kernel, because gdb ignores functions outside of sections.
/// @param frames  how to follow its stacks: call_frames(); may be empty
std::string symbol_file(const Symbols& symbols, Arch arch, const std::string& frames = {});

}  // namespace lktest
