// SPDX-License-Identifier: MIT
// The kernel's log in memory: real ones, reduced in size, and synthetic ones that are broken in every way.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <csignal>
#include <cstring>
#include <random>

#include "builder/base/file.hpp"
#include "builder/tests/support/golden.hpp"
#include "builder/tests/support/source_directory.hpp"
#include "harness/diagnose/dmesg.hpp"
#include "harness/diagnose/find_printk.hpp"
#include "harness/diagnose/vmcoreinfo.hpp"
#include "harness/tests/support/ram.hpp"

namespace lktest {
namespace {

/// TestRam split into its pages.
struct Ram : TestRam {
    GuestMemory memory() const {
        std::vector<MemorySpan> spans;
        for (const auto& [address, page] : pages)
            spans.push_back({address, std::as_bytes(std::span(page))});
        return GuestMemory(std::move(spans));
    }
};

/// golden/memory/NAME.ram: the pages of a real guest that are needed to find its log, without their zeros, as
/// repeated {u64 address, u16 size, bytes}, little-endian.
Ram recorded(Arch arch) {
    const std::string file =
        read_file(fmt::format("{}/golden/memory/{}.ram", source_directory().string(), name(arch)));
    Ram ram;
    for (std::size_t at = 0; at + 10 <= file.size();) {
        std::uint64_t address = 0;
        std::uint16_t size = 0;
        std::memcpy(&address, file.data() + at, 8);
        std::memcpy(&size, file.data() + at + 8, 2);
        ram.write(address, std::string_view(file).substr(at + 10, size));
        at += 10 + size;
    }
    return ram;
}

std::string log_in(const GuestMemory& memory, Arch arch) {
    const auto kernels = find_kernels(memory, arch);
    if (kernels.empty())
        return "no kernel";
    const auto log = read_printk(memory, kernels.front().log, Unfinished::take);
    return log ? dmesg(log->records) : "no log";
}

class RecordedMemory : public testing::TestWithParam<Arch> {};
INSTANTIATE_TEST_SUITE_P(, RecordedMemory, testing::ValuesIn(all_arches),
                         [](const auto& arch) { return std::string(name(arch.param)); });

TEST_P(RecordedMemory, HoldsTheWholeLogOfItsKernel) {
    const Ram ram = recorded(GetParam());
    expect_golden(fmt::format("memory/{}.log", name(GetParam())), log_in(ram.memory(), GetParam()));
    const auto kernels = find_kernels(ram.memory(), GetParam());
    ASSERT_EQ(kernels.size(), 1u);
    EXPECT_TRUE(kernels.front().by_vmcoreinfo);
    EXPECT_TRUE(kernels.front().release.starts_with("6.1.0-"));
}

TEST_P(RecordedMemory, GivesTheSameLogWhenTheKernelDoesNotDescribeItself) {
    Ram ram = recorded(GetParam());
    const std::string whole = log_in(ram.memory(), GetParam());
    for (auto& [address, page] : ram.pages)
        if (page.starts_with("OSRELEASE="))
            page[0] = 'X';
    const auto kernels = find_kernels(ram.memory(), GetParam());
    ASSERT_EQ(kernels.size(), 1u);
    EXPECT_FALSE(kernels.front().by_vmcoreinfo);
    EXPECT_EQ(log_in(ram.memory(), GetParam()), whole);
}

TEST_P(RecordedMemory, IsReadToAnEndWhateverIsDamaged) {
    const Ram whole = recorded(GetParam());
    std::vector<std::uint64_t> addresses;
    for (const auto& [address, page] : whole.pages)
        addresses.push_back(address);
    std::mt19937 random(4711);
    const auto below = [&](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
    };
    std::size_t found = 0, logs = 0;
    for (int round = 0; round < 150; ++round) {
        Ram ram = whole;
        for (std::size_t damages = 1 + below(64); damages-- > 0;) {
            std::string& page = ram.pages.at(addresses[below(addresses.size())]);
            switch (below(4)) {
                case 0: page[below(page.size())] = static_cast<char>(below(256)); break;
                case 1: page[below(page.size())] ^= static_cast<char>(1 << below(8)); break;
                case 2: {
                    const std::uint64_t value = ~std::uint64_t{0} << below(64);
                    std::memcpy(page.data() + 8 * below(page.size() / 8), &value, 8);
                    break;
                }
                default:
                    page.resize(1 + below(page.size()));
                    page.resize(4096);
                    break;
            }
        }
        if (round % 3 == 0)
            ram.pages.erase(addresses[below(addresses.size())]);
        const GuestMemory memory = ram.memory();
        for (const FoundKernel& kernel : find_kernels(memory, GetParam())) {
            ++found;
            const auto log = read_printk(memory, kernel.log, Unfinished::take);
            logs += log ? 1 : 0;
            if (log)
                dmesg(log->records);
        }
    }
    EXPECT_GT(found, 10u);
    EXPECT_GT(logs, 10u);
}

/// A log of 16 records and 1 KiB, at physical 1 MiB.
class Ring : public testing::Test {
protected:
    static constexpr std::uint64_t descs = 0x100100, infos = 0x100400, text = 0x101000;

    Ring() {
        ram_.write(0x100000, std::string(0x2000, '\0'));
        ring_.ring = 0x100000;
        ring_.descs = descs;
        ring_.infos = infos;
        ring_.data = text;
        ring_.count_bits = 4;
        ring_.size_bits = 10;
        ids(0, 0);
    }
    void ids(std::uint64_t tail, std::uint64_t head) {
        ram_.put(ring_.ring + 24, head);
        ram_.put(ring_.ring + 32, tail);
    }
    /// A record whose block begins at logical position `begin` and ends at `next`.
    void record(std::uint64_t id, std::string_view said, std::uint64_t begin, std::uint64_t next,
                std::uint64_t state = 2) {
        ram_.put(descs + id % 16 * 24, state << 62 | id);
        ram_.put(descs + id % 16 * 24 + 8, begin);
        ram_.put(descs + id % 16 * 24 + 16, next);
        const std::uint64_t info = infos + id % 16 * 88;
        ram_.put(info, id);
        ram_.put(info + 8, id * 1'000'000);
        ram_.put(info + 16, static_cast<std::uint16_t>(said.size()));
        ram_.put(info + 18, std::uint8_t{0});
        ram_.put(info + 19, std::uint8_t{6 << 5});
        if ((begin & 1) == 0) {
            const std::uint64_t at = begin / 1024 == next / 1024 || next % 1024 == 0 ? begin % 1024 : 0;
            ram_.put(text + at, id);
            ram_.write(text + at + 8, said);
        }
    }
    std::optional<PrintkLog> read(Unfinished unfinished = Unfinished::take,
                                  std::optional<std::uint64_t> from = std::nullopt) {
        const GuestMemory memory = ram_.memory();
        return read_printk(memory, ring_, unfinished, from);
    }
    std::vector<std::string> texts(Unfinished unfinished = Unfinished::take,
                                   std::optional<std::uint64_t> from = std::nullopt) {
        std::vector<std::string> all;
        if (const auto log = read(unfinished, from))
            for (const LogRecord& record : log->records)
                all.push_back(record.text);
        return all;
    }
    using Texts = std::vector<std::string>;

    Ram ram_;
    PrintkRing ring_;
};

TEST_F(Ring, GivesEveryFieldOfARecord) {
    record(3, "hello", 0, 24);
    ids(3, 3);
    const LogRecord expected{
        .sequence = 3, .time = std::chrono::milliseconds(3), .level = 6, .text = "hello"};
    ASSERT_TRUE(read());
    EXPECT_EQ(read()->records, std::vector{expected});
}

TEST_F(Ring, ABlockThatDoesNotFitAtTheEndIsAtTheBeginning) {
    record(3, "last", 1016, 1024 + 24);
    record(4, "to the very end", 1024 + 1000, 2048);
    ids(3, 4);
    EXPECT_EQ(texts(), (Texts{"last", "to the very end"}));
}

TEST_F(Ring, ARecordWithoutABlockIsAnEmptyLine) {
    record(3, "", 3, 3);
    ids(3, 3);
    EXPECT_EQ(texts(), Texts{""});
}

TEST_F(Ring, WhatIsBeingWrittenIsNotShownButWhatFollowsIs) {
    record(3, "one", 0, 24);
    record(4, "half", 24, 48, 0);
    record(5, "three", 48, 72);
    record(6, "continued", 72, 96, 1);
    ids(3, 6);
    EXPECT_EQ(texts(), (Texts{"one", "three", "continued"}));
}

TEST_F(Ring, ALiveReaderWaitsForWhatIsBeingWritten) {
    record(3, "one", 0, 24);
    record(4, "half", 24, 48, 0);
    record(5, "three", 48, 72);
    ids(3, 5);
    const auto first = read(Unfinished::wait);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->records.size(), 1u);
    record(4, "two", 24, 48);
    EXPECT_EQ(texts(Unfinished::wait, first->next_id), (Texts{"two", "three"}));
}

TEST_F(Ring, ALiveReaderThatWasTooSlowGoesOnWithTheOldestRecord) {
    record(3, "three", 0, 24);
    record(4, "four", 24, 48);
    ids(3, 4);
    const auto first = read(Unfinished::wait);
    ASSERT_TRUE(first);
    for (std::uint64_t id = 15; id < 20; ++id)
        record(id, fmt::format("{}", id), id * 24, id * 24 + 24);
    ids(15, 19);
    EXPECT_EQ(texts(Unfinished::wait, first->next_id), (Texts{"15", "16", "17", "18", "19"}));
}

TEST_F(Ring, ATextOfAnotherRecordIsNotShown) {
    record(3, "mine", 0, 24);
    ram_.put(text, std::uint64_t{99});
    ids(3, 3);
    EXPECT_EQ(texts(), Texts{""});
}

/// Two pages of guest memory. When the second is first read, a descriptor in the first gets another identity.
class ChangingPages {
public:
    ChangingPages(std::string_view bytes, std::size_t descriptor, std::uint64_t becomes) {
        pages_ = static_cast<std::byte*>(
            mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        std::memcpy(pages_, bytes.data(), 2 * page);
        second = pages_ + page;
        changed = pages_ + descriptor;
        value = becomes;
        mprotect(second, page, PROT_NONE);
        struct sigaction trap = {};
        trap.sa_handler = [](int) {
            mprotect(second, page, PROT_READ);
            std::memcpy(changed, &value, sizeof value);
        };
        sigaction(SIGSEGV, &trap, &before_);
    }
    ~ChangingPages() {
        sigaction(SIGSEGV, &before_, nullptr);
        munmap(pages_, 2 * page);
    }
    ChangingPages(const ChangingPages&) = delete;
    ChangingPages& operator=(const ChangingPages&) = delete;

    GuestMemory memory(std::uint64_t address) const { return GuestMemory({{address, {pages_, 2 * page}}}); }

private:
    static constexpr std::size_t page = 4096;
    static inline std::byte *second = nullptr, *changed = nullptr;
    static inline std::uint64_t value = 0;
    std::byte* pages_ = nullptr;
    struct sigaction before_ = {};
};

TEST_F(Ring, ARecordThatIsReplacedWhileItIsReadIsNotShown) {
    record(3, "hello", 0, 24);
    ids(3, 3);
    const std::string bytes = ram_.memory().bytes_at(0x100000, 0x2000);
    const std::size_t descriptor = descs + 3 * 24 - 0x100000;
    for (const std::uint64_t becomes : {std::uint64_t{2} << 62 | 3, std::uint64_t{2} << 62 | 19}) {
        const ChangingPages pages(bytes, descriptor, becomes);
        const auto log = read_printk(pages.memory(0x100000), ring_, Unfinished::take);
        ASSERT_TRUE(log);
        EXPECT_EQ(log->records.size(), (becomes & 0xff) == 3 ? 1u : 0u);
    }
}

TEST_F(Ring, ALengthBeyondTheBlockIsCut) {
    record(3, "12345678", 0, 16);
    ram_.put(infos + 3 * 88 + 16, std::uint16_t{65535});
    ids(3, 3);
    EXPECT_EQ(texts(), Texts{"12345678"});
}

TEST_F(Ring, CountersThatCannotBeAreNoLog) {
    ids(3, 40);
    EXPECT_FALSE(read());
    ids(5, 4);  // would be 2^62 records
    EXPECT_FALSE(read());
}

TEST(Dmesg, PrefixesEachLineAndShowsNoControlCharacter) {
    const LogRecord record{.time = std::chrono::nanoseconds(1'234'567'999), .text = "one\n\ttwo\x1b[2J"};
    EXPECT_EQ(dmesg({record}), "[    1.234567] one\n[    1.234567] \ttwo\\x1b[2J\n");
}

TEST(Vmcoreinfo, TopTableFor52BitsIsUsedFromItsEndByACpuWith48) {
    const auto root = [](const char* page_size, const char* built_for, const char* unused) {
        const auto kernel = Vmcoreinfo::parse(fmt::format(
            "OSRELEASE=6.1\nPAGESIZE={}\nSYMBOL(swapper_pg_dir)=ffff800080100000\nNUMBER(kimage_voffset)="
            "0xffff800040000000\nNUMBER(VA_BITS)={}\nNUMBER(TCR_EL1_T1SZ)={}\n",
            page_size, built_for, unused));
        return page_tables_of(*kernel, Arch::aarch64)->root;
    };
    EXPECT_EQ(root("65536", "52", "0xc"), 0x4010'0000U);
    EXPECT_EQ(root("65536", "52", "0x10"), 0x4010'0000U + 8 * (1024 - 64));
    EXPECT_EQ(root("65536", "48", "0x10"), 0x4010'0000U);
    EXPECT_EQ(root("4096", "52", "0x10"), 0x4010'0000U);
    EXPECT_EQ(root("16384", "52", "0x11"), 0x4010'0000U);
}

TEST(Vmcoreinfo, NeedsAReleaseAPageSizeAndASymbol) {
    EXPECT_FALSE(Vmcoreinfo::parse("OSRELEASE=%s\n"));
    EXPECT_FALSE(Vmcoreinfo::parse("OSRELEASE=6.1\nPAGESIZE=4096\n"));
    const auto info = Vmcoreinfo::parse(
        "OSRELEASE=6.1\nPAGESIZE=4096\nSYMBOL(prb)=ffffffff8e8643e0\nNUMBER(phys_base)=-16\n"
        "NUMBER(TCR_EL1_T1SZ)=0x10\nOFFSET(printk_info.seq)=junk\n");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->text("OSRELEASE"), "6.1");
    EXPECT_EQ(info->symbol("prb"), 0xffff'ffff'8e86'43e0u);
    EXPECT_EQ(info->number("phys_base"), ~std::uint64_t{15});
    EXPECT_EQ(info->number("TCR_EL1_T1SZ"), 16u);
    EXPECT_EQ(info->offset("printk_info.seq"), std::nullopt);
    EXPECT_EQ(info->size("printk_info"), std::nullopt);
}

TEST(GuestMemory, ReadsAcrossSpansAndNeverBeyondThem) {
    const std::string low = "abcd", high = "efgh", far = "z";
    const GuestMemory memory({{0x2000, std::as_bytes(std::span(far))},
                              {0x1004, std::as_bytes(std::span(high))},
                              {0x1000, std::as_bytes(std::span(low))}});
    EXPECT_EQ(memory.bytes_at(0x1002, 4), "cdef");
    EXPECT_EQ(memory.bytes_at(0x1006, 100), "gh");
    EXPECT_EQ(memory.value<std::uint32_t>(0x1005), std::nullopt);
    EXPECT_EQ(memory.value<std::uint8_t>(0x0fff), std::nullopt);
    EXPECT_EQ(memory.value<std::uint64_t>(~std::uint64_t{0} - 3), std::nullopt);
}

}  // namespace
}  // namespace lktest
