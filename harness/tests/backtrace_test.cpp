// SPDX-License-Identifier: MIT
// Stacks of both architectures, intact and broken.
#include "harness/diagnose/backtrace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "harness/diagnose/call_frames.hpp"
#include "harness/diagnose/symbol_file.hpp"
#include "harness/tests/support/ram.hpp"

namespace lktest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t code = 0x10'0000, stack = 0x20'0000, tables = 0x30'0000;  // physical
constexpr std::uint64_t at(std::uint64_t physical) {
    return physical + TestRam::image_offset;
}

/// Functions of 256 bytes: inner, middle, outer.
Symbols functions() {
    Symbols symbols;
    symbols.add(at(code), 'T', "inner");
    symbols.add(at(code + 0x100), 'T', "middle");
    symbols.add(at(code + 0x200), 'T', "outer");
    symbols.add(at(code + 0x300), 'D', "end");
    return symbols;
}

std::vector<std::string> trace(const TestRam& ram, Symbols symbols, Arch arch, const UnwindFrom& from) {
    symbols.sort();
    const std::string bytes = ram.joined();
    const GuestMemory memory = memory_of(ram.begin(), bytes);
    const AddressSpace space{.memory = &memory, .image_offset = TestRam::image_offset};
    return backtrace(space, symbols, arch, from);
}

TestRam arm_stack() {
    TestRam ram;
    ram.put(stack + 0x10, at(stack + 0x40));
    ram.put(stack + 0x18, at(code + 0x110) & ~(std::uint64_t{0x7f} << 48));  // signed: bit 55 tells the half
    ram.put(stack + 0x40, std::uint64_t{0});
    ram.put(stack + 0x48, at(code + 0x220));
    return ram;
}

TEST(ArmBacktrace, FollowsFrameRecordsAndStripsSignatures) {
    EXPECT_THAT(
        trace(arm_stack(), functions(), Arch::aarch64, {.pc = at(code + 8), .frame = at(stack + 0x10)}),
        ElementsAre("inner+0x8/0x100", "middle+0x10/0x100", "outer+0x20/0x100"));
}

TEST(ArmBacktrace, FunctionWithoutRecordIsCalledByX30) {
    EXPECT_THAT(trace(arm_stack(), functions(), Arch::aarch64,
                      {.pc = at(code + 8), .frame = at(stack + 0x40), .return_to = at(code + 0x130)}),
                ElementsAre("inner+0x8/0x100", "middle+0x30/0x100", "outer+0x20/0x100"));
}

TEST(ArmBacktrace, RingOfRecordsEnds) {
    TestRam ram = arm_stack();
    ram.put(stack + 0x40, at(stack + 0x10));
    EXPECT_LE(trace(ram, functions(), Arch::aarch64, {.pc = at(code), .frame = at(stack + 0x10)}).size(),
              41U);
}

/// An entry for each function: where the caller's stack begins, and what is stored there.
TestRam orc_stack(std::uint16_t call, std::uint16_t registers, std::uint16_t by_sp = 5) {
    TestRam ram;
    const auto entry = [&](unsigned i, std::uint64_t where, std::int16_t offset, std::uint16_t kind) {
        ram.put(tables + 4 * i, static_cast<std::int32_t>(where - (tables + 4 * i)));
        ram.put(tables + 0x100 + 6 * i, offset);
        ram.put(tables + 0x100 + 6 * i + 2, std::int16_t{0});
        ram.put(tables + 0x100 + 6 * i + 4, static_cast<std::uint16_t>(by_sp | kind << 8));
    };
    entry(0, code, 0x20, call);
    entry(1, code + 0x100, 8, registers);  // an interrupt's entry: struct pt_regs lies 8 above SP
    entry(2, code + 0x200, 0x10, call);
    ram.put(stack + 0x18, at(code + 0x110));
    ram.put(stack + 0x28 + 128, at(code + 0x220));  // RIP, CS, RFLAGS, RSP
    ram.put(stack + 0x28 + 136, std::uint64_t{0x10});
    ram.put(stack + 0x28 + 152, at(stack + 0x200));
    ram.put(stack + 0x208, at(code + 0x280));
    ram.put(stack + 0x218, std::uint64_t{0x55});
    return ram;
}

Symbols with_tables() {
    Symbols symbols = functions();
    symbols.add(at(tables), 'r', "__start_orc_unwind_ip");
    symbols.add(at(tables + 12), 'r', "__stop_orc_unwind_ip");
    symbols.add(at(tables + 0x100), 'r', "__start_orc_unwind");
    return symbols;
}

TEST(X86Backtrace, FollowsOrcOfEachFormatAcrossAnInterrupt) {
    const UnwindFrom from{.pc = at(code + 8), .sp = at(stack), .frame = 0};
    const auto expected =
        ElementsAre("inner+0x8/0x100", "middle+0x10/0x100", "outer+0x20/0x100", "outer+0x80/0x100");
    EXPECT_THAT(trace(orc_stack(0, 1), with_tables(), Arch::x86_64, from), expected);
    EXPECT_THAT(trace(orc_stack(2, 3), with_tables(), Arch::x86_64, from), expected);
    EXPECT_THAT(trace(orc_stack(2, 3, 3), with_tables(), Arch::x86_64, from), expected);
}

/// What readelf shows of the frames that a debugger reads.
TEST(CallFrames, SayTheSameAsOrcInEachFormat) {
    for (const TestRam& ram : {orc_stack(0, 1), orc_stack(2, 3), orc_stack(2, 3, 3)}) {
        Symbols symbols = with_tables();
        symbols.sort();
        const std::string bytes = ram.joined();
        const GuestMemory memory = memory_of(ram.begin(), bytes);
        const AddressSpace space{.memory = &memory, .image_offset = TestRam::image_offset};
        const TempDir directory;
        const std::filesystem::path file = directory.path() / "kernel.elf";
        write_file(file, symbol_file(symbols, Arch::x86_64, call_frames(space, symbols)));
        const ProcessResult shown = run_process({"readelf", "-W", "--debug-dump=frames-interp", file});
        EXPECT_EQ(shown.err, "");
        std::string rows;
        std::istringstream lines(shown.out);
        for (std::string line; std::getline(lines, line);)
            if (const std::size_t fde = line.find("FDE cie="); fde != line.npos)
                rows += line.substr(fde) + "\n";
            else if (line.starts_with("ffffffff"))
                rows += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
        EXPECT_EQ(rows,
                  "FDE cie=00000000 pc=ffffffff80100000..ffffffff80100100\n"
                  "ffffffff80100000 rsp+32   s     c-8\n"
                  "FDE cie=00000010 pc=ffffffff80100100..ffffffff80100200\n"
                  "ffffffff80100100 rsp+8    c+32  c+152 c+128\n")
            << shown.out;
    }
    EXPECT_EQ(call_frames({}, functions()), "") << "no tables";
}

TEST(X86Backtrace, FindsRbpBySeveralNumbersOfRegisters) {
    struct Numbers {
        unsigned sp, previous_sp, bp_indirect;
    };
    for (const Numbers& by : {Numbers{5, 1, 8}, Numbers{3, 8, 10}}) {  // Linux 6.4, 7.1
        TestRam ram = orc_stack(2, 3);
        const auto entry = [&](unsigned i, std::int16_t sp, std::int16_t bp, unsigned rest) {
            ram.put(tables + 0x100 + 6 * i, sp);
            ram.put(tables + 0x100 + 6 * i + 2, bp);
            ram.put(tables + 0x100 + 6 * i + 4, static_cast<std::uint16_t>(rest));
        };
        entry(0, 0x20, -0x10, by.sp | by.previous_sp << 4 | 2 << 8);
        entry(1, 8, 0, by.bp_indirect | 2 << 8);
        entry(2, 0, 0, 1 << 8);  // the end of the stack
        ram.put(stack + 0x10, at(stack + 0x100));
        ram.put(stack + 0x108, at(stack + 0x200));
        ram.put(stack + 0x1f8, at(code + 0x220));
        EXPECT_THAT(
            trace(ram, with_tables(), Arch::x86_64, {.pc = at(code + 8), .sp = at(stack), .frame = 0}),
            ElementsAre("inner+0x8/0x100", "middle+0x10/0x100", "outer+0x20/0x100"));
    }
}

TEST(X86Backtrace, WithoutOrcFollowsRbp) {
    EXPECT_THAT(
        trace(arm_stack(), functions(), Arch::x86_64, {.pc = at(code + 8), .frame = at(stack + 0x40)}),
        ElementsAre("inner+0x8/0x100", "outer+0x20/0x100"));
}

TEST(Backtrace, OfProgramIsEmpty) {
    EXPECT_THAT(trace(arm_stack(), functions(), Arch::aarch64, {.pc = 0x40'0000, .frame = at(stack)}),
                IsEmpty());
}

TEST(Backtrace, OfNonsenseEnds) {
    std::mt19937 random(7);
    for (int round = 0; round < 500; ++round) {
        TestRam ram = orc_stack(2, 3);
        for (int i = 0; i < 20; ++i)
            for (auto& [address, page] : ram.pages)
                page[random() % 0x300] = static_cast<char>(random());
        for (const Arch arch : {Arch::x86_64, Arch::aarch64})
            EXPECT_LE(trace(ram, with_tables(), arch,
                            {.pc = at(code + random() % 0x300), .sp = at(stack), .frame = at(stack + 0x10)})
                          .size(),
                      42U);
    }
}

}  // namespace
}  // namespace lktest
