// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace lktest {

/// A program's interpreter: "/bin/sh" of "#!/bin/sh -e", or an ELF program's PT_INTERP. Empty if it does not
/// need one, or if its headers are not within `head`.
std::string interpreter_of(std::string_view head);

}  // namespace lktest
