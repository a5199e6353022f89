// SPDX-License-Identifier: MIT
#include "harness/boot/foreign_guest.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "harness/boot/attached_devices.hpp"
#include "harness/machine/core_file.hpp"
#include "harness/machine/guest_ram.hpp"

namespace lktest {
namespace {

TEST(ForeignGuest, IsTheCellThatItsDomainDescribes) {
    const BootCell cell = cell_of_domain(
        "<domain><os><type arch='aarch64' machine='virt'>hvm</type><loader type='pflash'>/x.fd</loader></os>"
        "<devices><disk><source file='/data.img'/></disk>"
        "<disk><source file='/live.iso'/><boot order='1'/></disk></devices></domain>");
    EXPECT_EQ(cell.arch, Arch::aarch64);
    EXPECT_EQ(cell.firmware, Firmware::uefi);
    EXPECT_EQ(cell.image.path, "/live.iso") << "the boot medium, not the first disk";
    EXPECT_EQ(cell_of_domain("<domain><os><type arch='x86_64'/></os></domain>").firmware, Firmware::bios);
    EXPECT_THROW(cell_of_domain("<domain><os><type arch='s390x'/></os></domain>"), Error);
    EXPECT_THROW(cell_of_domain("no XML"), Error);
}

TEST(ForeignGuest, RunsUefiAlsoWhenItsDomainCallsTheImageARom) {
    const TempDir directory;
    const auto firmware_with = [&directory](const std::string& image) {
        const std::filesystem::path file = directory.path() / "loader.fd";
        write_file(file, image);
        return cell_of_domain("<domain><os><type arch='x86_64'/><loader type='rom'>" + file.string() +
                              "</loader></os></domain>")
            .firmware;
    };
    EXPECT_EQ(firmware_with(std::string(40, '\0') + "_FVH" + std::string(20, '\0')), Firmware::uefi);
    EXPECT_EQ(firmware_with(std::string(64, '\x90')), Firmware::bios);
    EXPECT_EQ(firmware_with(""), Firmware::bios);
    EXPECT_EQ(
        cell_of_domain("<domain><os><type arch='x86_64'/><loader type='rom'>/nowhere</loader></os></domain>")
            .firmware,
        Firmware::bios);
}

TEST(ForeignGuest, HasTheDisksAndCardsOfItsDomainAndOfItsArguments) {
    std::string found;
    for (const AttachedDevice& device : attached_devices(R"(<domain><devices>
          <disk type='file' device='cdrom'><target dev='sda' bus='scsi'/></disk>
          <disk type='file'><target dev='vda' bus='virtio'/></disk>
          <disk type='file' device='floppy'><target dev='fda' bus='fdc'/></disk>
          <interface type='user'><mac address='52:54:00:6c:6b:01'/><model type='e1000e'/></interface>
        </devices><commandline xmlns='http://libvirt.org/schemas/domain/qemu/1.0'/>
        <qemu:commandline><qemu:arg value='-device'/>
          <qemu:arg value='{"driver":"nvme","drive":"lktest-data","serial":"data"}'/>
          <qemu:arg value='{"driver":"usb-bot","bus":"usb.0"}'/><qemu:arg value='{"driver":'/>
          <qemu:arg value='[1]'/><qemu:arg value='{"driver":7}'/>
        </qemu:commandline></domain>)"))
        found +=
            std::to_string(static_cast<int>(device.kind)) + " " + device.model + " " + device.name + "\n";
    EXPECT_EQ(found, "1 scsi sda\n0 virtio vda\n2 e1000e 52:54:00:6c:6b:01\n0 nvme lktest-data\n");
    EXPECT_TRUE(attached_devices("no XML").empty());
}

TEST(ForeignGuest, ItsMemoryIsCopiedWithoutPagesThatNobodyWrote) {
    const auto peek = [](std::uint64_t address, std::size_t size) {
        std::string bytes(size, '\0');
        if (address <= 0x4000'5000 && 0x4000'5000 < address + size)
            bytes.replace(0x4000'5000 - address, 5, "hello");
        return bytes;
    };
    const std::vector<RamRange> layout = {{.address = 0x4000'0000, .size = 16 << 20, .offset = 0}};
    const GuestRam ram(copy_memory(peek, layout), layout);
    const GuestMemory memory = ram.written();
    EXPECT_EQ(memory.bytes_at(0x4000'5000, 5), "hello");
    EXPECT_LE(memory.size(), 64U << 10);
    EXPECT_FALSE(copy_memory([](std::uint64_t, std::size_t) { return std::string(); }, layout));
}

TEST(Core, IsPutTogetherFromThePiecesThatQemuAppends) {
    const auto number = [](std::uint64_t value) {
        std::string bytes;
        for (int shift = 56; shift >= 0; shift -= 8)
            bytes += static_cast<char>(value >> shift);
        return bytes;
    };
    const TempDir directory;
    const std::filesystem::path file = directory.path() / "core";
    const std::string header = "makedumpfile" + std::string(4096 - 12, '\0');
    const std::string pieces = number(6) + number(5) + "world" + number(0) + number(6) + "hello ";
    write_file(file, header + pieces + number(~0ULL) + number(~0ULL));
    unflatten_core(file);
    EXPECT_EQ(read_file(file), "hello world");
    unflatten_core(file);
    EXPECT_EQ(read_file(file), "hello world") << "it is no longer such a dump";
    write_file(file, header + pieces);
    EXPECT_THROW(unflatten_core(file), Error) << "QEMU did not end it";
}

TEST(Core, IsGivenWhatItsKernelSaysOfItself) {
    const TempDir directory;
    const std::filesystem::path file = directory.path() / "core";
    const auto number = [](std::uint64_t value, std::size_t size) {
        return std::string(reinterpret_cast<const char*>(&value), size);
    };
    constexpr std::size_t block = 4096, notes_at = 2 * block;
    std::string core = "KDUMP   " + std::string(3 * block - 8, '\0');
    core.replace(428, 4, number(block, 4));
    core.replace(block + 48, 16, number(notes_at, 8) + number(8, 8));
    core.replace(notes_at, 8, "old note");
    write_file(file, core);
    const KernelOfCore kernel{.vmcoreinfo = "OSRELEASE=6.1\nPAGESIZE=4096\n",
                              .utsname = "Linux" + std::string(utsname_size - 5, '\0'),
                              .phys_base = 0x1234'0000};
    describe_core(file, kernel);
    const std::string now = read_file(file);
    const auto at = [&now](std::size_t place) {
        std::uint64_t value = 0;
        std::memcpy(&value, now.data() + place, sizeof value);
        return static_cast<std::size_t>(value);
    };
    EXPECT_EQ(now.substr(12, 5), "Linux");
    EXPECT_EQ(at(block), 0x1234'0000U);
    EXPECT_EQ(now.substr(at(block + 32), at(block + 40)), kernel.vmcoreinfo);
    const std::string notes = now.substr(at(block + 48), at(block + 56));
    EXPECT_EQ(at(block + 48) + at(block + 56), now.size());
    EXPECT_TRUE(notes.starts_with("old note" + number(11, 4) + number(kernel.vmcoreinfo.size(), 4) +
                                  number(0, 4) + "VMCOREINFO" + number(0, 2) + "OSRELEASE"));
    EXPECT_EQ(now.substr(notes_at, block), core.substr(notes_at)) << "its pages";

    for (const std::string& other : {std::string("KDUMP   "),
                                     std::string("\x7f"
                                                 "ELF"),
                                     core.substr(0, block + 50)}) {
        write_file(file, other);
        describe_core(file, kernel);
        EXPECT_EQ(read_file(file), other) << "it is not a dump";
    }
    core.replace(block + 48, 16, number(~0ULL, 8) + number(8, 8));
    write_file(file, core);
    describe_core(file, kernel);
    EXPECT_EQ(read_file(file), core) << "its notes are nowhere";
}

}  // namespace
}  // namespace lktest
