// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/platform.hpp"

namespace lktest {

/// The instructions around one that an arrow marks: "-> 0xffff800008c51e10  b 0x…".
/// @param bytes  64-bit code
/// @param address  of its first byte, where an instruction begins
/// @param at       of the instruction in question, in the code
/// @return empty if `at` is not the start of an instruction
std::vector<std::string> disassemble(Arch arch, std::string_view bytes, std::uint64_t address,
                                     std::uint64_t at);

}  // namespace lktest
