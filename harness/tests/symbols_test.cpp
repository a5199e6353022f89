// SPDX-License-Identifier: MIT
// The kernel's symbol table in each of its formats, and broken ones.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "harness/diagnose/kallsyms.hpp"
#include "harness/diagnose/symbol_file.hpp"
#include "harness/tests/support/ram.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t image = 0x100'0000;  // physical
constexpr std::uint64_t base = image + TestRam::image_offset;
constexpr std::uint32_t count = 2000;

enum class Order { before_6_4, since_6_4, since_7_0 };
enum class PerCpu { no, yes };

struct Table {
    std::string bytes;
    std::string description{};  ///< VMCOREINFO
    GuestMemory memory() const { return memory_of(image, bytes); }
};

void align(std::string& bytes, std::size_t alignment = 8) {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
}

template <typename T>
void append(std::string& bytes, T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// As scripts/kallsyms.c writes it: "tfunction_0", "tfunction_1", … at 64 bytes each.
Table table(Order order, PerCpu per_cpu) {
    std::string offsets, names, markers, tokens, index;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (i % 256 == 0)
            append(markers, static_cast<std::uint32_t>(names.size()));
        const auto offset = static_cast<std::int32_t>(i * 64);
        append(offsets, per_cpu == PerCpu::yes ? -1 - offset : offset);
        std::string name = fmt::format("t\x01{}", i);  // token 1 is "function_"
        if (i == 7)
            name = "T" + std::string(200, 'x');  // its length takes two bytes
        if (name.size() >= 0x80) {
            names += static_cast<char>(0x80 | (name.size() & 0x7f));
            names += static_cast<char>(name.size() >> 7);
        } else {
            names += static_cast<char>(name.size());
        }
        names += name;
    }
    for (unsigned i = 0; i < 256; ++i) {
        append(index, static_cast<std::uint16_t>(tokens.size()));
        const bool itself = std::isalnum(static_cast<int>(i)) != 0;
        tokens += i == 1   ? "function_"
                  : itself ? std::string(1, static_cast<char>(i))
                           : fmt::format("tok{}_", i);
        tokens += '\0';
    }
    // Not a multiple of 8, as the part before the newest table may have any size.
    std::string bytes(order == Order::since_7_0 ? 4100 : 4096, '\x90');
    const std::size_t alignment = order == Order::since_7_0 ? 4 : 8;
    std::string description = "OSRELEASE=0\nPAGESIZE=4096\n";
    const auto put = [&](std::string_view name, std::string_view part) {
        description += fmt::format("SYMBOL(kallsyms_{})={:x}\n", name, base + bytes.size());
        bytes += part;
        align(bytes, alignment);
    };
    const auto put_offsets = [&] {
        put("offsets", offsets);
        std::string value;
        append(value, base);
        put("relative_base", value);
    };
    if (order == Order::before_6_4)
        put_offsets();
    std::string number;
    append(number, count);
    put("num_syms", number);
    std::string sequences;  // of the names in alphabetical order, three bytes each, most significant first
    for (std::uint32_t i = 0; i < count; ++i)
        sequences += {'\0', static_cast<char>(i >> 8), static_cast<char>(i | 1)};
    put("names", names);
    put("markers", markers);
    if (order != Order::since_7_0)
        put("seqs_of_names", sequences);
    put("token_table", tokens);
    put("token_index", index);
    if (order == Order::since_6_4) {
        put_offsets();
    } else if (order == Order::since_7_0) {
        std::string places;
        for (std::uint32_t i = 0; i < count; ++i)
            append(places, static_cast<std::int32_t>(i * 64 - (bytes.size() + std::size_t{4} * i)));
        put("offsets", places);
        put("seqs_of_names", sequences);
    }
    bytes.resize(bytes.size() + 4096);
    return {bytes, description};
}

std::optional<Symbols> symbols_in(const GuestMemory& memory, const Vmcoreinfo* kernel = nullptr) {
    const AddressSpace space{.memory = &memory, .image_offset = TestRam::image_offset};
    return find_symbols(space, kernel, image + 100);
}

class KernelNames : public testing::TestWithParam<std::tuple<Order, PerCpu>> {};

TEST_P(KernelNames, AreFoundByTheirShapeAlone) {
    const Table names = std::apply(table, GetParam());
    const auto symbols = symbols_in(names.memory());
    ASSERT_TRUE(symbols);
    EXPECT_EQ(symbols->size(), count);
    EXPECT_EQ(symbols->address_of("function_0"), base);
    EXPECT_EQ(symbols->address_of("function_1999"), base + std::uint64_t{1999} * 64);
    EXPECT_EQ(symbols->address_of(std::string(200, 'x')), base + 7 * 64);
    EXPECT_EQ(symbols->address_of("function_7"), std::nullopt);
    EXPECT_EQ(symbols->name_of({base + 3 * 64 + 5}), "function_3+0x5/0x40");
}

TEST_P(KernelNames, AreFoundByVmcoreinfo) {
    Table names = std::apply(table, GetParam());
    const auto kernel = Vmcoreinfo::parse(names.description);
    ASSERT_TRUE(kernel);
    // A kernel whose parts are in none of the known orders: the digits' tokens are not in a row.
    const std::size_t tokens = *kernel->symbol("kallsyms_token_table") - base;
    names.bytes[names.bytes.find(std::string("8\0", 2), tokens)] = 'e';
    EXPECT_FALSE(symbols_in(names.memory()));
    const auto symbols = symbols_in(names.memory(), &*kernel);
    ASSERT_TRUE(symbols);
    EXPECT_EQ(symbols->size(), count);
    EXPECT_EQ(symbols->address_of("function_1999"), base + std::uint64_t{1999} * 64);
}

TEST_P(KernelNames, OfNonsenseAreNoneOrSome) {
    const Table whole = std::apply(table, GetParam());
    std::mt19937 random(5);
    for (int round = 0; round < 300; ++round) {
        Table broken = whole;
        for (int i = 0; i < 1 + round / 10; ++i)
            broken.bytes[random() % broken.bytes.size()] = static_cast<char>(random());
        if (round % 3 == 0)
            broken.bytes.resize(random() % broken.bytes.size());
        if (const auto symbols = symbols_in(broken.memory())) {
            EXPECT_LE(symbols->size(), count);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Layouts, KernelNames,
                         testing::Values(std::tuple(Order::before_6_4, PerCpu::no),
                                         std::tuple(Order::before_6_4, PerCpu::yes),
                                         std::tuple(Order::since_6_4, PerCpu::no),
                                         std::tuple(Order::since_6_4, PerCpu::yes),
                                         std::tuple(Order::since_7_0, PerCpu::no)));

TEST(KernelNames, OffsetsFromTheirOwnPlaceNeedTheImagesAddress) {
    const Table names = table(Order::since_7_0, PerCpu::no);
    const GuestMemory memory = names.memory();
    EXPECT_FALSE(find_symbols({.memory = &memory}, nullptr, image + 100));
}

TEST(Symbols, PlacesInNoFunctionHaveNoName) {
    Symbols symbols;
    symbols.add(base + 0x100, 't', "first");
    symbols.add(base + 0x200, 't', "alias");
    symbols.add(base + 0x200, 'T', "second");
    symbols.add(base + 0x300, 'd', "data");
    symbols.sort();
    EXPECT_EQ(symbols.name_of({base}), "0xffffffff81000000");
    EXPECT_EQ(symbols.name_of({base + 0x310}), "0xffffffff81000310");
    EXPECT_EQ(symbols.name_of({base + 0x200}), "second+0x0/0x100");
}

TEST(Symbols, ReturnAddressBehindFunctionsLastCallIsItsOwn) {
    Symbols symbols;
    symbols.add(base, 't', "dies");
    symbols.add(base + 0x40, 't', "next");
    symbols.sort();
    EXPECT_EQ(symbols.name_of({base + 0x40}), "next+0x0/0x0");
    EXPECT_EQ(symbols.name_of({base + 0x40, true}), "dies+0x40/0x40");
}

TEST(SymbolFile, ShowsOtherProgramsWhereTheKernelsFunctionsAre) {
    Symbols symbols;
    symbols.add(0xffff'ffff'8100'0000, 'T', "_stext");
    symbols.add(0xffff'ffff'8100'1234, 't', "do_idle");
    symbols.add(0xffff'ffff'8280'0040, 'D', "init_task");
    symbols.add(0x1f000, 'A', "per_cpu_offset");  // no address
    symbols.sort();
    const TempDir directory;
    const std::filesystem::path file = directory.path() / "kernel.elf";
    write_file(file, symbol_file(symbols, Arch::x86_64));
    EXPECT_EQ(check_process({"nm", "-n", file}),
              "ffffffff81000000 T _stext\nffffffff81001234 t do_idle\nffffffff82800040 B init_task\n");
    const std::string sections = check_process({"readelf", "-W", "-h", "-S", file});
    EXPECT_NE(sections.find("Advanced Micro Devices X86-64"), std::string::npos) << sections;
    EXPECT_EQ(sections.find("Warning"), std::string::npos) << sections;
}

}  // namespace
}  // namespace lktest
