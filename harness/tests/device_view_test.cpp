// SPDX-License-Identifier: MIT
#include "harness/diagnose/device_view.hpp"

#include <bpf/btf.h>
#include <gtest/gtest.h>

#include <random>

#include "harness/tests/support/ram.hpp"

namespace lktest {
namespace {

using DeviceKind = AttachedDevice::Kind;
using Sentences = std::vector<std::string>;

const std::vector<AttachedDevice> machine = {{DeviceKind::disk, "virtio", "vda"},
                                             {DeviceKind::drive, "scsi", "sda"},
                                             {DeviceKind::card, "virtio", "52:54:00:6c:6b:01"}};

LogRecord record(std::string_view text) {
    return {.sequence = 0, .time = {}, .level = 6, .text = std::string(text)};
}

TEST(DeviceView, SetsWhatTheMachineHasBesideWhatTheKernelSaw) {
    const std::vector<LogRecord> log = {record("Linux version 6.1"),
                                        record("virtio_blk virtio2: [vda] 20480 512-byte logical blocks"),
                                        record("virtio_blk virtio2: [vda] again")};
    const std::vector<NetworkCard> cards = {{"eth0", "52:54:00:6c:6b:01", "virtio_net", true}};
    const DeviceView view = view_devices(machine, log, cards);
    EXPECT_EQ(view.sentences,
              (Sentences{"virtio disk vda (virtio): the kernel's log names vda",
                         "CD drive sda (scsi): the kernel's log names none",
                         "network card 52:54:00:6c:6b:01 (virtio): the kernel has eth0, up, by virtio_net"}));
    EXPECT_FALSE(view.no_disk) << "one of two is one";
    EXPECT_FALSE(view.no_card);
}

TEST(DeviceView, TellsWhatIsMissing) {
    const std::vector<LogRecord> log = {record("Linux version 6.1")};
    DeviceView view = view_devices(machine, log, std::vector<NetworkCard>{});
    EXPECT_TRUE(view.no_disk);
    EXPECT_TRUE(view.no_card);
    EXPECT_EQ(view.sentences.back(),
              "network card 52:54:00:6c:6b:01 (virtio): the kernel has no device for it");
    view = view_devices(machine, log, std::nullopt);
    EXPECT_FALSE(view.no_card) << "it is unknown";
    EXPECT_EQ(view.sentences.size(), 2U);
    view = view_devices({}, log, std::vector<NetworkCard>{});
    EXPECT_FALSE(view.no_disk || view.no_card) << "there are none to be seen";
    EXPECT_TRUE(view_devices(machine, {}, {}).sentences.empty()) << "there is no kernel";
}

/// A task in a network namespace with a loopback device and a card.
class Cards : public testing::Test {
protected:
    static constexpr std::uint64_t task = 0x10'0000, proxy = task + 0x100, net = task + 0x200,
                                   loop = task + 0x300, card = task + 0x400, parent = task + 0x500,
                                   driver = task + 0x600, address = task + 0x700;
    static constexpr std::uint64_t at(std::uint64_t physical) { return physical + TestRam::image_offset; }

    Cards() {
        word_ = btf__add_int(btf_.get(), "long", 8, 0);
        structure("task_struct", {"other", "nsproxy"});
        structure("nsproxy", {"net_ns"});
        structure("net", {"dev_base_head"});
        structure("device_driver", {"name"});
        const int device = structure("device", {"parent", "driver"});
        structure("net_device",
                  {"name", "name_end", "dev_list", "dev_list_end", "type", "flags", "dev_addr"});
        btf__add_field(btf_.get(), "dev", device, 56 * 8, 0);
        std::uint32_t size = 0;
        const void* raw = btf__raw_data(btf_.get(), &size);
        types_ = KernelTypes::parse({static_cast<const char*>(raw), size});

        ram_.write(task, std::string(0x800, '\0'));
        ram_.put(task + 8, at(proxy));
        ram_.put(proxy, at(net));
        ram_.put(net, at(loop + 16));
        put_device(loop, "lo", 772, card + 16);
        put_device(card, "eth0", 1, net);
        ram_.put(card + 40, std::uint64_t{1});
        ram_.put(card + 48, at(address));
        ram_.put(card + 56, at(parent));
        ram_.put(parent + 8, at(driver));
        ram_.put(driver, at(address + 16));
        ram_.write(address, std::string("\x52\x54\0\x6c\x6b\x01", 6));
        ram_.write(address + 16, "virtio_net");
    }

    int structure(const char* name, std::initializer_list<const char*> members) {
        const int id = btf__add_struct(btf_.get(), name, static_cast<std::uint32_t>(members.size() * 8 + 16));
        std::uint32_t offset = 0;
        for (const char* member : members) {
            btf__add_field(btf_.get(), member, word_, offset * 8, 0);
            offset += 8;
        }
        return id;
    }
    void put_device(std::uint64_t where, const char* name, std::uint16_t type, std::uint64_t next) {
        ram_.write(where, name);
        ram_.put(where + 16, at(next));
        ram_.put(where + 32, type);
    }
    std::optional<std::vector<NetworkCard>> cards() const {
        const std::string bytes = ram_.joined();
        const GuestMemory memory = memory_of(ram_.begin(), bytes);
        return read_network_cards({.memory = &memory, .image_offset = TestRam::image_offset}, *types_,
                                  at(task));
    }

    Handle<btf, free_btf> btf_{btf__new_empty()};
    int word_ = 0;
    std::optional<KernelTypes> types_;
    TestRam ram_;
};

TEST_F(Cards, AreReadFromTheNamespaceOfATask) {
    ASSERT_TRUE(types_);
    const auto found = cards();
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1U) << "the loopback device does not count";
    EXPECT_EQ(found->front().name, "eth0");
    EXPECT_EQ(found->front().mac, "52:54:00:6c:6b:01");
    EXPECT_EQ(found->front().driver, "virtio_net");
    EXPECT_TRUE(found->front().up);
}

TEST_F(Cards, ListThatIsBrokenOrNeverEndsIsNoReasonToStop) {
    ram_.put(card + 16, at(loop + 16));
    const auto found = cards();
    ASSERT_TRUE(found);
    EXPECT_LE(found->size(), 256U);
    ram_.put(net, std::uint64_t{0});
    EXPECT_FALSE(cards());
    std::mt19937 random(5);
    for (int round = 0; round < 500; ++round) {
        for (int i = 0; i < 4; ++i)
            ram_.put(task + random() % 0x700, static_cast<std::uint8_t>(random()));
        if (const auto some = cards()) {
            EXPECT_LE(some->size(), 256U);
        }
    }
}

}  // namespace
}  // namespace lktest
