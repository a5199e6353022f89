// SPDX-License-Identifier: MIT
// Cores as read by gdb and binutils.
#include "harness/diagnose/elf_core.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "harness/diagnose/symbol_file.hpp"

namespace lktest {
namespace {

/// The memory of a PC: two pieces with a device between them, and a third one at a high address.
const std::vector<RamRange> pieces = {
    {0, 0xa0000, 0}, {0xc0000, 0x40000, 0xc0000}, {0x1'0000'0000, 0x10000, 0x100000}};
constexpr std::size_t memory_size = 0x110000;

/// A CPU whose registers all differ.
GeneralRegisters numbered(Arch arch, std::uint64_t first) {
    GeneralRegisters registers(general_register_count(arch));
    std::iota(registers.begin(), registers.end(), first);
    return registers;
}

std::vector<Elf64_Phdr> headers_of(const std::string& head) {
    Elf64_Ehdr header{};
    std::memcpy(&header, head.data(), sizeof header);
    std::vector<Elf64_Phdr> headers(header.e_phnum);
    std::memcpy(headers.data(), head.data() + header.e_phoff, headers.size() * sizeof headers[0]);
    return headers;
}

TEST(ElfCore, OfAKernelIsReadByGdbAtTheKernelsAddresses) {
    CoreContent content{.arch = Arch::x86_64, .cpus = {}, .ram = pieces, .mapped = {}};
    content.cpus = {numbered(Arch::x86_64, 0x100), numbered(Arch::x86_64, 0x200)};
    content.cpus[0][16] = 0xffff'ffff'8100'1004;  // rip
    content.mapped = {{0xffff'ffff'8100'0000, 0x1'0000'2000, 0x3000},
                      {0xffff'8880'0000'0000, 0x9f000, 0x22000}};
    std::string memory(memory_size, '\0');
    memory.replace(0x103000, 7, "\x90\x90\x90\x90\xf4\x90\x90");
    memory.replace(0x104000, 4, "data");
    memory.replace(0xc0000, 6, "higher");
    memory.replace(0x9f000, 5, "lower");
    Symbols symbols;
    symbols.add(0xffff'ffff'8100'1000, 't', "waits");
    symbols.add(0xffff'ffff'8100'2000, 'd', "words");
    symbols.add(0xffff'ffff'8100'3000, 't', "of_init");
    symbols.sort();
    const TempDir directory;
    const std::filesystem::path core = directory.path() / "core", names = directory.path() / "names";
    write_file(core, elf_core_head(content) + memory);
    write_file(names, symbol_file(symbols, Arch::x86_64));

    const std::string shown = check_process({"gdb",
                                             "-nx",
                                             "-batch",
                                             "-ex",
                                             "info threads",
                                             "-ex",
                                             "x/s &words",
                                             "-ex",
                                             "x/i $pc",
                                             "-ex",
                                             "x/s 0xffff888000000000",
                                             "-ex",
                                             "x/s 0xffff888000021000",
                                             "-ex",
                                             "info registers r15 gs",
                                             "-ex",
                                             "thread 2",
                                             "-ex",
                                             "info registers rbx rip",
                                             names,
                                             core});
    for (const std::string_view part :
         {"2    LWP 2", "waits", "<waits+4>:\thlt", "<words>:\t\"data\"", "0xffff888000000000:\t\"lower\"",
          "0xffff888000021000:\t\"higher\"", "r15            0x100", "gs             0x11a",
          "rbx            0x205", "rip            0x210"})
        EXPECT_NE(shown.find(part), std::string::npos) << part << "\n" << shown;
    const ProcessResult device = run_process({"gdb", "-nx", "-batch", "-ex", "x/x 0xffff888000001000", core});
    EXPECT_NE(device.err.find("Cannot access memory"), std::string::npos) << device.out << device.err;
}

TEST(ElfCore, HasPhysicalAddressesAndTheKernelsDescription) {
    const CoreContent content{.arch = Arch::aarch64,
                              .cpus = {numbered(Arch::aarch64, 0x100), numbered(Arch::aarch64, 0x200)},
                              .vmcoreinfo = "OSRELEASE=6.1\nPAGESIZE=4096\n",
                              .ram = {{0x4000'0000, 0x20'0000, 0}},
                              .mapped = {{0xffff'8000'0000'0000, 0x4010'0000, 0x10'0000},
                                         {0xffff'0000'0000'0000, 0x4000'0000, 0x100'0000},
                                         {0xffff'fbff'fe00'0000, 0x0900'0000, 0x1000}}};
    const std::string head = elf_core_head(content);
    ASSERT_EQ(head.size() % 4096, 0U);
    const std::vector<Elf64_Phdr> headers = headers_of(head);
    ASSERT_EQ(headers.size(), 3U) << "the device is not included";
    EXPECT_EQ(headers[1].p_vaddr, 0xffff'0000'0000'0000U) << "by address";
    EXPECT_EQ(headers[1].p_paddr, 0x4000'0000U);
    EXPECT_EQ(headers[1].p_filesz, 0x20'0000U) << "the part that exists";
    EXPECT_EQ(headers[1].p_offset, head.size());
    EXPECT_EQ(headers[2].p_paddr, 0x4010'0000U);
    EXPECT_EQ(headers[2].p_offset, head.size() + 0x10'0000);

    const TempDir directory;
    write_file(directory.path() / "core", head + std::string(0x20'0000, '\0'));
    const std::string shown = check_process({"readelf", "-W", "-h", "-n", directory.path() / "core"});
    for (const std::string_view part : {"CORE (Core file)", "AArch64", "VMCOREINFO"})
        EXPECT_NE(shown.find(part), std::string::npos) << part << "\n" << shown;
    EXPECT_NE(head.find(elf_note("VMCOREINFO", 0, content.vmcoreinfo)), std::string::npos);
    constexpr std::size_t prstatus_size = 392, pid_at = 32, last_at = 112 + 33 * 8;
    const std::size_t notes = headers[0].p_offset, note_size = 12 + 8 + prstatus_size;
    for (std::uint32_t cpu = 0; cpu < 2; ++cpu) {
        Elf64_Nhdr note{};
        std::uint32_t pid = 0;
        std::uint64_t last = 0;
        const char* at = head.data() + notes + cpu * note_size;
        std::memcpy(&note, at, sizeof note);
        std::memcpy(&pid, at + 20 + pid_at, sizeof pid);
        std::memcpy(&last, at + 20 + last_at, sizeof last);
        EXPECT_EQ(note.n_descsz, prstatus_size);
        EXPECT_EQ(pid, cpu + 1);
        EXPECT_EQ(last, (cpu + 1) * 0x100 + 33) << "pstate";
    }
}

TEST(ElfCore, OfAMachineWithoutAKernelHasItsPhysicalAddresses) {
    const std::vector<Elf64_Phdr> headers = headers_of(elf_core_head(
        {.arch = Arch::x86_64, .cpus = {}, .ram = pieces, .mapped = at_physical_addresses(pieces)}));
    ASSERT_EQ(headers.size(), 4U);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        EXPECT_EQ(headers[i + 1].p_vaddr, pieces[i].address);
        EXPECT_EQ(headers[i + 1].p_paddr, pieces[i].address);
        EXPECT_EQ(headers[i + 1].p_memsz, pieces[i].size);
    }
}

TEST(ElfCore, OfMoreRangesThanAHeaderCountsHasTheLongest) {
    CoreContent content{.arch = Arch::x86_64, .cpus = {}, .ram = {{0, 1 << 30, 0}}, .mapped = {}};
    constexpr std::uint64_t page = 4096, many = 70'000;
    for (std::uint64_t i = 0; i < many; ++i)
        content.mapped.push_back(
            {0xffff'c900'0000'0000 + 4 * i * page, i * page, i % 2 == 0 ? page : 2 * page});
    const std::vector<Elf64_Phdr> headers = headers_of(elf_core_head(content));
    EXPECT_EQ(headers.size(), 65'001U);
    EXPECT_EQ(std::ranges::count(headers, 2 * page, &Elf64_Phdr::p_filesz), many / 2);
    EXPECT_TRUE(std::ranges::is_sorted(headers.begin() + 1, headers.end(), {}, &Elf64_Phdr::p_vaddr));
}

}  // namespace
}  // namespace lktest
