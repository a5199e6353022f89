// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace lktest {

/// What the kernel starts a program with: "/bin/sh" of "#!/bin/sh -e", or an ELF program's PT_INTERP.
/// Empty if it needs nothing, or if its headers are not within `head`.
std::string interpreter_of(std::string_view head);

}  // namespace lktest
