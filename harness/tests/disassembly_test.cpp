// SPDX-License-Identifier: MIT
#include "harness/diagnose/disassembly.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lktest {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Disassembly, PointsAtTheInstruction) {
    EXPECT_THAT(disassemble(Arch::aarch64, "\x1f\x20\x03\xd5\x00\x00\x00\x14"s, 0x1000, 0x1004),
                ElementsAre("   0x1000  nop ", "-> 0x1004  b #0x1004"));
    EXPECT_THAT(disassemble(Arch::x86_64, "\xf3\x90\xeb\xfc"s, 0x1000, 0x1000),
                ElementsAre("-> 0x1000  pause ", "   0x1002  jmp 0x1000"));
}

TEST(Disassembly, OfWhatIsNoInstructionIsNone) {
    EXPECT_THAT(disassemble(Arch::x86_64, "\xf3\x90\xeb\xfc"s, 0x1000, 0x1001), IsEmpty());
    EXPECT_THAT(disassemble(Arch::aarch64, "", 0x1000, 0x1000), IsEmpty());
}

}  // namespace
}  // namespace lktest
