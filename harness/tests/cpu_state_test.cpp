// SPDX-License-Identifier: MIT
// The output of QEMU 7.2's monitor about CPUs and memory.
#include "harness/diagnose/cpu_state.hpp"

#include <gtest/gtest.h>

#include "harness/diagnose/cpu_activity.hpp"
#include "harness/diagnose/ram_layout.hpp"

namespace lktest {
namespace {

constexpr auto x86_kernel = R"(
CPU#0
RAX=0000000000000010 RBX=ffffffff8d0469a9 RCX=00000000ccccccc3 RDX=0000000000000005
RIP=ffffffff8ce3beb6 RFL=00000082 [--S----] CPL=0 II=0 A20=1 SMM=0 HLT=1
CS =0010 0000000000000000 ffffffff 00af9b00 DPL=0 CS64 [-RA]
CR0=80050033 CR2=ff1608a4b1e01000 CR3=0000000030411000 CR4=00751ef0
EFER=0000000000000d01
)";

constexpr auto x86_bios = R"(
CPU#0
EAX=00000000 EBX=00000000 ECX=00000000 EDX=00000663
EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0
CS =f000 000f0000 0000ffff 00009b00
CR0=60000010 CR2=00000000 CR3=00000000 CR4=00000000
EFER=0000000000000000
)";

constexpr auto arm_two = R"(
CPU#0
 PC=ffffdcf28d949198 X00=ffff6f07f0da8000 X01=ffff4bfa48194808
X29=ffff8000086bb760 X30=ffffdcf28d949198  SP=ffff8000086bb750
PSTATE=a00000c5 N-C- EL1h     FPCR=00000000 FPSR=00000000

CPU#1
 PC=0000ffff861a7fff X00=0000000000000000 X01=0000000000000000
PSTATE=80000000 N--- EL0t     FPCR=00000000 FPSR=00000000
)";

TEST(CpuState, OfAnX86KernelHasItsPageTables) {
    const auto cpus = cpu_states(x86_kernel, Arch::x86_64);
    ASSERT_EQ(cpus.size(), 1u);
    EXPECT_EQ(cpus[0].pc, 0xffff'ffff'8ce3'beb6u);
    EXPECT_EQ(cpus[0].mode, CpuState::Mode::system);
    EXPECT_TRUE(cpus[0].halted);
    EXPECT_FALSE(cpus[0].takes_interrupts);
    ASSERT_TRUE(cpus[0].page_tables);
    EXPECT_EQ(cpus[0].page_tables->root, 0x3041'0000u) << "without the bit of page-table isolation";
    EXPECT_EQ(cpus[0].page_tables->address_bits, 57u);
}

TEST(CpuState, TellsWhetherItTakesInterrupts) {
    std::string loader = x86_bios;
    loader.replace(loader.find("EFL=00000002"), 12, "EFL=00000202");
    EXPECT_TRUE(cpu_states(loader, Arch::x86_64).at(0).takes_interrupts);
    EXPECT_FALSE(cpu_states(x86_bios, Arch::x86_64).at(0).takes_interrupts);
}

TEST(CpuState, OfABiosIsRealModeAndLinear) {
    const auto cpus = cpu_states(x86_bios, Arch::x86_64);
    ASSERT_EQ(cpus.size(), 1u);
    EXPECT_EQ(cpus[0].pc, 0xffff0u);
    EXPECT_EQ(cpus[0].mode, CpuState::Mode::real);
    EXPECT_FALSE(cpus[0].page_tables);
}

TEST(CpuState, OfAarch64TellsTheKernelFromAProgram) {
    const auto cpus = cpu_states(arm_two, Arch::aarch64);
    ASSERT_EQ(cpus.size(), 2u);
    EXPECT_EQ(cpus[0].mode, CpuState::Mode::system);
    EXPECT_EQ(cpus[0].pc, 0xffff'dcf2'8d94'9198u);
    EXPECT_EQ(cpus[1].mode, CpuState::Mode::user);
    EXPECT_EQ(cpus[1].index, 1u);
}

TEST(CpuState, OfNonsenseIsNothing) {
    EXPECT_TRUE(cpu_states("", Arch::x86_64).empty());
    EXPECT_TRUE(cpu_states("CPU#CPU#CPU#0\nRIP=zz CPL=", Arch::x86_64).empty());
    EXPECT_TRUE(cpu_states(x86_kernel, Arch::aarch64).empty());
}

TEST(CpuActivity, TellsIdleFromSpinningFromBusy) {
    const auto at = [](std::uint64_t pc, bool halted) {
        return std::vector{CpuState{.pc = pc, .halted = halted}};
    };
    constexpr std::uint64_t kernel = 0xffff'ffff'8000'0000;
    const auto idle = cpu_activities({at(kernel, true), at(kernel, true), at(kernel + 8, false)});
    EXPECT_TRUE(idle[0].idle());
    const auto spinning =
        cpu_activities({at(kernel, false), at(kernel, false), at(kernel + 4, false), at(kernel, false)});
    EXPECT_TRUE(spinning[0].spins());
    EXPECT_EQ(in_words(spinning[0], 0),
              "CPU 0: spinning in a tight loop, in the kernel, at 2 places from 0xffffffff80000000 to "
              "0xffffffff80000004 (4 samples)");
    const auto busy = cpu_activities(
        {at(kernel, false), at(kernel + 4, false), at(kernel + 8, false), at(kernel + 12, false)});
    EXPECT_FALSE(busy[0].spins());
    EXPECT_FALSE(busy[0].idle());
}

TEST(CpuActivity, AnAarch64CpuThatWaitsStandsBehindItsWfi) {
    const std::uint32_t code[] = {0xd503207f, 0xd65f03c0};
    const GuestMemory memory({{0x4000'0000, std::as_bytes(std::span(code))}});
    std::vector<CpuState> cpus{{.pc = 0x4000'0004}, {.pc = 0x4000'0008}, {.pc = 0xffff'8000'0000'0004}};
    mark_waiting(cpus, memory, std::nullopt);
    EXPECT_TRUE(cpus[0].halted);
    EXPECT_FALSE(cpus[1].halted);
    EXPECT_FALSE(cpus[2].halted) << "no page tables: nothing is known";
}

TEST(RamLayout, IsTheLargestMemoryOfTheFlatView) {
    constexpr auto q35 = R"(FlatView #0
 AS "cpu-smm-0", root: memory
 Root memory region: memory
  0000000000000000-00000000000bffff (prio 0, ram): pc.ram

FlatView #1
 AS "memory", root: system
 AS "cpu-memory-0", root: system
 Root memory region: system
  0000000000000000-000000000009ffff (prio 0, ram): pc.ram
  00000000000a0000-00000000000affff (prio 1, ram): alias vga.chain4 @0000000000000000
  0000000000100000-000000007fffffff (prio 0, ram): pc.ram @0000000000100000 KVM
  00000000fd000000-00000000fdffffff (prio 1, ram): vga.vram
  00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios
  0000000100000000-000000017fffffff (prio 0, ram): pc.ram @0000000080000000
)";
    EXPECT_EQ(ram_layout(q35), (std::vector<RamRange>{{0, 0xa0000, 0},
                                                      {0x10'0000, 0x7ff0'0000, 0x10'0000},
                                                      {0x1'0000'0000, 0x8000'0000, 0x8000'0000}}));
    EXPECT_TRUE(ram_layout("").empty());
    EXPECT_TRUE(ram_layout(" AS \"memory\"\n  ffff-0 (prio 0, ram): x\n  zz").empty());
}

}  // namespace
}  // namespace lktest
