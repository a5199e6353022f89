// SPDX-License-Identifier: MIT
// The output of QEMU 7.2's monitor about registers.
#include "harness/diagnose/general_registers.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

constexpr auto x86_kernel = R"(
CPU#0
RAX=00000000000a0001 RBX=00000000000b0002 RCX=00000000000c0003 RDX=00000000000d0004
RSI=0000000000010005 RDI=0000000000020006 RBP=ffffffff82a03e50 RSP=ffffffff82a03e38
R8 =0000000000080007 R9 =0000000000090008 R10=0000000000100009 R11=000000000011000a
R12=000000000012000b R13=000000000013000c R14=000000000014000d R15=ffffffff8215000e
RIP=ffffffff81c3beb6 RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1
ES =0000 0000000000000000 00000000 00000000
CS =0010 0000000000000000 ffffffff 00af9b00 DPL=0 CS64 [-RA]
SS =0018 0000000000000000 ffffffff 00cf9300 DPL=0 DS   [-WA]
DS =0000 0000000000000000 00000000 00000000
FS =0000 00007f2a5c0fd740 00000000 00000000
GS =0000 ffff88803ec00000 00000000 00000000
LDT=0000 0000000000000000 00000000 00008200 DPL=0 LDT
TR =0040 fffffe0000003000 00004087 00008900 DPL=0 TSS64-avl
GDT=     fffffe0000001000 0000007f
IDT=     fffffe0000000000 00000fff
CR0=80050033 CR2=ff1608a4b1e01000 CR3=0000000030411000 CR4=00751ef0
DR0=0000000000000000 DR1=0000000000000000 DR2=0000000000000000 DR3=0000000000000000
EFER=0000000000000d01
FCW=037f FSW=0000 [ST=0] FTW=00 MXCSR=00001f80
FPR0=0000000000000000 0000 FPR1=0000000000000000 0000
XMM00=0000000000000000000000ff00000000 XMM01=25252525252525252525252525252525
)";

constexpr auto x86_bios = R"(
CPU#0
EAX=0000aa55 EBX=00000001 ECX=00000002 EDX=00000663
ESI=00000003 EDI=00000004 EBP=00000005 ESP=00006f00
EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0
ES =0000 00000000 0000ffff 00009300
CS =f000 000f0000 0000ffff 00009b00
SS =0000 00000000 0000ffff 00009300
)";

constexpr auto arm_two = R"(
CPU#0
 PC=ffffdcf28d949198 X00=ffff6f07f0da8000 X01=ffff4bfa48194808
X02=0000000000000002 X29=ffff8000086bb760 X30=ffffdcf28d949199  SP=ffff8000086bb750
PSTATE=a00000c5 N-C- EL1h     FPCR=00000000 FPSR=00000000

CPU#1
 PC=0000ffff861a7fff X00=0000000000000000 X01=0000000000000000
PSTATE=80000000 N--- EL0t     FPCR=00000000 FPSR=00000000
)";

TEST(GeneralRegisters, OfX86AreInTheOrderOfUserRegsStruct) {
    const auto cpus = general_registers(x86_kernel, Arch::x86_64);
    ASSERT_EQ(cpus.size(), 1U);
    EXPECT_EQ(cpus[0], (GeneralRegisters{0xffff'ffff'8215'000e,
                                         0x14000d,
                                         0x13000c,
                                         0x12000b,
                                         0xffff'ffff'82a0'3e50,
                                         0xb0002,
                                         0x11000a,
                                         0x100009,
                                         0x90008,
                                         0x80007,
                                         0xa0001,
                                         0xc0003,
                                         0xd0004,
                                         0x10005,
                                         0x20006,
                                         ~std::uint64_t{0},
                                         0xffff'ffff'81c3'beb6,
                                         0x10,
                                         0x246,
                                         0xffff'ffff'82a0'3e38,
                                         0x18,
                                         0x7f2a'5c0f'd740,
                                         0xffff'8880'3ec0'0000,
                                         0,
                                         0,
                                         0,
                                         0}));
}

TEST(GeneralRegisters, OfABiosAreThoseOf32Bits) {
    const auto cpus = general_registers(x86_bios, Arch::x86_64);
    ASSERT_EQ(cpus.size(), 1U);
    EXPECT_EQ(cpus[0],
              (GeneralRegisters{
                  0,      0,      0, 0,      5, 1, 0, 0, 0, 0, 0xaa55, 2, 0x663, 3, 4, ~std::uint64_t{0},
                  0xfff0, 0xf000, 2, 0x6f00, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(GeneralRegisters, OfAarch64EndWithStackProgramCounterAndState) {
    const auto cpus = general_registers(arm_two, Arch::aarch64);
    ASSERT_EQ(cpus.size(), 2U);
    ASSERT_EQ(cpus[0].size(), 34U);
    EXPECT_EQ(cpus[0][0], 0xffff'6f07'f0da'8000U);
    EXPECT_EQ(cpus[0][2], 2U);
    EXPECT_EQ(cpus[0][29], 0xffff'8000'086b'b760U);
    EXPECT_EQ(cpus[0][30], 0xffff'dcf2'8d94'9199U);
    EXPECT_EQ(cpus[0][31], 0xffff'8000'086b'b750U);
    EXPECT_EQ(cpus[0][32], 0xffff'dcf2'8d94'9198U);
    EXPECT_EQ(cpus[0][33], 0xa000'00c5U);
    EXPECT_EQ(cpus[1][32], 0xffff'861a'7fffU);
}

TEST(GeneralRegisters, OfNonsenseAreNone) {
    EXPECT_TRUE(general_registers("", Arch::x86_64).empty());
    EXPECT_TRUE(general_registers("CPU#0\nRIP=zz RAX==1 =", Arch::x86_64).empty());
    EXPECT_TRUE(general_registers(x86_kernel, Arch::aarch64).empty());
    EXPECT_TRUE(general_registers(arm_two, Arch::x86_64).empty());
}

}  // namespace
}  // namespace lktest
