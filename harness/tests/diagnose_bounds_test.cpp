// SPDX-License-Identifier: MIT
// Guest memory that would keep a reader busy forever, or exhaust its memory, without limits.
#include <bpf/btf.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <numeric>

#include "harness/diagnose/btf.hpp"
#include "harness/diagnose/device_view.hpp"
#include "harness/diagnose/printk_ring.hpp"
#include "harness/tests/support/ram.hpp"

namespace lktest {
namespace {

/// A structure whose unnamed members all have the structure's type: without a limit, N^8 of them are
/// searched.
TEST(DiagnoseBounds, TypesThatAreMadeOfThemselvesAreSearchedForALimitedTime) {
    const Handle<btf, free_btf> types(btf__new_empty());
    const int self = btf__add_struct(types.get(), "task_struct", 8);
    for (int i = 0; i < 60'000; ++i)
        btf__add_field(types.get(), nullptr, self, 0, 0);
    std::uint32_t size = 0;
    const void* raw = btf__raw_data(types.get(), &size);
    const auto parsed = KernelTypes::parse({static_cast<const char*>(raw), size});
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->offset("task_struct", "pid"), std::nullopt);
}

/// The members of a large structure, some of them unnamed, are still found.
TEST(DiagnoseBounds, TypesOfALargeStructureAreFound) {
    const Handle<btf, free_btf> types(btf__new_empty());
    const int word = btf__add_int(types.get(), "long", 8, 0);
    const int unnamed = btf__add_struct(types.get(), nullptr, 8);
    btf__add_field(types.get(), "inner", word, 0, 0);
    btf__add_struct(types.get(), "task_struct", 160'000);
    for (unsigned i = 0; i < 10'000; ++i)
        btf__add_field(types.get(), nullptr, unnamed, i * 64, 0);
    btf__add_field(types.get(), "pid", word, 10'000 * 64, 0);
    std::uint32_t size = 0;
    const void* raw = btf__raw_data(types.get(), &size);
    const auto parsed = KernelTypes::parse({static_cast<const char*>(raw), size});
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->offset("task_struct", "pid"), 80'000U);
    EXPECT_EQ(parsed->offset("task_struct", "inner"), 0U);
}

/// 64 Ki records whose texts are nearly the same 64 KiB: 4 GiB, from less than 8 MiB of memory.
TEST(DiagnoseBounds, TextsOfALogThatOverlapAreReadToALimit) {
    constexpr unsigned count_bits = 16, size_bits = 20;
    constexpr std::uint64_t count = std::uint64_t{1} << count_bits, length = 0xffff;
    PrintkRing ring{.layout = {},
                    .ring = 0,
                    .descs = 0x1000,
                    .infos = 0,
                    .data = 0,
                    .count_bits = count_bits,
                    .size_bits = size_bits};
    ring.infos = ring.descs + count * ring.layout.desc_size;
    ring.data = ring.infos + count * ring.layout.info_size;
    std::string ram(ring.data + (std::size_t{1} << size_bits), 'x');
    const auto put = [&ram](std::uint64_t at, auto value) {
        std::memcpy(ram.data() + at, &value, sizeof value);
    };
    put(ring.layout.head_id, count - 1);
    put(ring.layout.tail_id, std::uint64_t{0});
    for (std::uint64_t id = 0; id < count; ++id) {
        const std::uint64_t desc = ring.descs + id * ring.layout.desc_size;
        const std::uint64_t info = ring.infos + id * ring.layout.info_size;
        put(desc + ring.layout.state, std::uint64_t{2} << 62 | id);
        put(desc + ring.layout.begin, id * 8);
        put(desc + ring.layout.next, id * 8 + length + 8);
        put(info + ring.layout.sequence, id);
        put(info + ring.layout.text_length, static_cast<std::uint16_t>(length));
        put(ring.data + id * 8, id);
    }
    const auto log = read_printk(memory_of(0, ram), ring, Unfinished::take);
    ASSERT_TRUE(log);
    const std::size_t bytes =
        std::transform_reduce(log->records.begin(), log->records.end(), std::size_t{0}, std::plus(),
                              [](const LogRecord& r) { return r.text.size(); });
    EXPECT_GT(log->records.size(), 100U);
    EXPECT_LE(bytes, std::size_t{64} << 20);
}

/// A guest can put any number of disk names into its log.
TEST(DiagnoseBounds, DisksThatALogNamesAreCounted) {
    std::vector<LogRecord> log;
    for (int i = 0; i < 640; ++i)
        log.push_back({.text = fmt::format("nvme nvme{}: pci function", i)});
    log.push_back({.text = "sd 0:0:0:0: [sd" + std::string(1 << 20, 'a') + "] Attached SCSI disk"});
    const DeviceView view = view_devices(
        {{AttachedDevice::Kind::disk, "nvme", "nvme0n1"}, {AttachedDevice::Kind::disk, "usb", "sda"}}, log,
        std::nullopt);
    ASSERT_EQ(view.sentences.size(), 2U);
    EXPECT_LT(view.sentences[0].size() + view.sentences[1].size(), 2000U);
}

}  // namespace
}  // namespace lktest
