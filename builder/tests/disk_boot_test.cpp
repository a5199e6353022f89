// SPDX-License-Identifier: MIT
// Disks as sticks and boards use them: SYSLINUX, Raspberry Pi, U-Boot, and the file systems that menus name.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <re2/re2.h>
#include <zlib.h>

#include <map>

#include "builder/base/file.hpp"
#include "builder/inspect/file_systems.hpp"
#include "builder/inspect/finding.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

using FatFiles = std::map<std::string, std::string>;

struct MbrPartition {
    std::uint8_t type;
    bool active;
    std::string content;
};

std::string mbr_disk(const std::vector<MbrPartition>& partitions, const std::string& code = "") {
    std::string disk(1 << 20, '\0');
    disk.replace(0, code.size(), code);
    put(disk, 440, 0x4e639091, 4);
    for (std::size_t i = 0; i < partitions.size(); ++i) {
        const std::size_t entry = 446 + i * 16;
        put(disk, entry, partitions[i].active ? 0x80 : 0, 1);
        put(disk, entry + 4, partitions[i].type, 1);
        put(disk, entry + 8, disk.size() / 512, 4);
        put(disk, entry + 12, partitions[i].content.size() / 512, 4);
        disk += partitions[i].content;
        disk.resize((disk.size() + (1 << 20) - 1) >> 20 << 20);
    }
    put(disk, 510, 0xaa55, 2);
    return disk;
}

/// The superblock of an ext4 with this label.
std::string ext4_named(const std::string& label) {
    std::string bytes(1 << 20, '\0');
    put(bytes, 1024 + 4, bytes.size() >> 10, 4);
    put(bytes, 1024 + 0x38, 0xef53, 2);
    put(bytes, 1024 + 0x60, 0x40, 4);
    bytes.replace(1024 + 0x68, 16, std::string(16, '\x11'));
    bytes.replace(1024 + 0x78, label.size(), label);
    return bytes;
}

std::vector<IsoFinding> disk_faults(const std::string& disk) {
    std::vector<IsoFinding> found = find_faults(read_medium_facts(ByteView::of_memory(disk), "disk.img"));
    std::erase_if(found,
                  [](const IsoFinding& finding) { return finding.grade == IsoFinding::Grade::notice; });
    return found;
}

std::string disk_ids(const std::string& disk) {
    std::string ids;
    for (const IsoFinding& finding : disk_faults(disk))
        ids += (ids.empty() ? "" : " ") + finding.id;
    return ids;
}

FatFiles stick_files() {
    return {{"/boot/syslinux.cfg", "UI menu.c32\nLABEL l\n KERNEL /boot/vmlinuz\n APPEND root=/dev/sda2\n"},
            {"/boot/vmlinuz", fake_kernel(Arch::x86_64)},
            {"/boot/ldlinux.c32", "x"},
            {"/boot/menu.c32", "x"},
            {"/boot/libutil.c32", "x"}};
}

std::string with_boot_sector(std::string fat) {
    return fat.replace(3, 8, "SYSLINUX");
}

const std::string active_starter = "\xfa\x31\xc0 Missing operating system.";

TEST(DiskBoot, ASyslinuxStickIsRight) {
    const std::string fat = with_boot_sector(fat_of(stick_files()));
    EXPECT_EQ(disk_ids(mbr_disk({{0x0c, true, fat}}, active_starter)), "");
}

TEST(DiskBoot, BootCodeThatLooksForTheActivePartition) {
    const std::string fat = with_boot_sector(fat_of(stick_files()));
    std::string disk = mbr_disk({{0x0c, false, fat}}, active_starter);
    const auto found = disk_faults(disk);
    ASSERT_EQ(disk_ids(disk), "no-active-partition");
    EXPECT_NE(found[0].fix.find("sfdisk --activate IMAGE 1"), std::string::npos) << found[0].fix;
    put(disk, 446, 0x80, 1);  // what sfdisk does
    EXPECT_EQ(disk_ids(disk), "");
    EXPECT_EQ(disk_ids(mbr_disk({{0x0c, true, fat}})), "no-boot-code");
}

TEST(DiskBoot, FilesOfSyslinuxWithoutItsBootSector) {
    const std::string copied = fat_of(stick_files());
    EXPECT_EQ(disk_ids(mbr_disk({{0x0c, true, copied}}, active_starter)), "syslinux-not-installed");
    FatFiles files = stick_files();
    files.erase("/boot/libutil.c32");
    EXPECT_EQ(disk_ids(mbr_disk({{0x0c, true, with_boot_sector(fat_of(files))}}, active_starter)),
              "syslinux-module-missing");
}

TEST(DiskBoot, AnIsoInAPartition) {
    std::string iso = FakeMedium(Arch::x86_64).bytes();
    iso.resize((iso.size() + 511) / 512 * 512);
    EXPECT_EQ(disk_ids(mbr_disk({{0x83, false, iso}})), "iso-in-partition");
}

FatFiles board_files(const std::string& root) {
    return {{"/Image", fake_kernel(Arch::aarch64)},
            {"/extlinux/extlinux.conf", "LABEL l\n LINUX /Image\n APPEND root=" + root + " rw\n"}};
}

std::string board(const FatFiles& files) {
    return mbr_disk({{0x0c, true, fat_of(files)}, {0x83, false, ext4_named("rootfs")}});
}

TEST(DiskBoot, TheRootIsAPartitionOfTheDisk) {
    for (const char* root : {"PARTUUID=4e639091-02", "/dev/mmcblk0p2"})
        EXPECT_EQ(disk_ids(board(board_files(root))), "") << root;
    for (const char* root : {"PARTUUID=738a4d67-02"}) {
        const auto found = disk_faults(board(board_files(root)));
        ASSERT_EQ(found.size(), 1U) << root;
        std::string right;
        EXPECT_TRUE(re2::RE2::PartialMatch(found[0].fix, "Write (\\S+) there", &right)) << found[0].fix;
        EXPECT_EQ(disk_ids(board(board_files(right))), "") << right;
    }
}

TEST(DiskBoot, AFileSystemOfUnknownKindMayHaveAnyLabel) {
    const std::string unknown(1 << 20, 'u');
    FatFiles files = board_files("LABEL=other");
    files["/initrd"] = std::string(4, '\0');
    EXPECT_EQ(disk_ids(mbr_disk({{0x0c, true, fat_of(files)}, {0x83, false, unknown}})),
              "root-needs-initramfs");
}

TEST(DiskBoot, NamesFileSystems) {
    const PartitionContent ext4 = read_file_system(ByteView::of_memory(ext4_named("rootfs")));
    EXPECT_EQ(ext4.kind + " " + ext4.label + " " + ext4.uuid,
              "ext4 rootfs 11111111-1111-1111-1111-111111111111");
    EXPECT_EQ(ext4.size, 1U << 20);
    EXPECT_TRUE(read_file_system(ByteView::of_memory(std::string("LUKS\xba\xbe", 6))).container);
    EXPECT_TRUE(read_file_system(ByteView::of_memory(std::string(8192, '\0'))).empty);
    EXPECT_EQ(read_file_system(ByteView::of_memory("x")).kind, "");
}

std::string pi(const FatFiles& more, std::uint8_t type = 0x0c) {
    FatFiles files{{"/start4.elf", "x"},
                   {"/bcm2711-rpi-4-b.dtb", "x"},
                   {"/config.txt", "arm_64bit=1\n"},
                   {"/cmdline.txt", "root=PARTUUID=4e639091-02 rootwait\n"},
                   {"/kernel8.img", fake_kernel(Arch::aarch64)}};
    for (const auto& [path, content] : more)
        files[path] = content;
    std::erase_if(files, [](const auto& file) { return file.second.empty(); });
    return mbr_disk({{type, false, fat_of(files)}, {0x83, false, ext4_named("rootfs")}});
}

TEST(DiskBoot, RaspberryPi) {
    EXPECT_EQ(disk_ids(pi({})), "");
    EXPECT_EQ(disk_ids(pi({{"/start4.elf", ""}})), "pi-firmware-missing");
    EXPECT_EQ(disk_ids(pi({{"/kernel8.img", ""}})), "pi-kernel-missing");
    EXPECT_EQ(disk_ids(pi({{"/cmdline.txt", "console=tty1\nroot=PARTUUID=4e639091-02\n"}})),
              "pi-cmdline-lines");
    EXPECT_EQ(disk_ids(pi({{"/config.txt", "initramfs=initramfs8 followkernel\n"}})), "pi-initramfs-syntax");
    EXPECT_EQ(disk_ids(pi({}, 0x83)), "pi-partition-type");
    EXPECT_EQ(disk_ids(pi({{"/cmdline.txt", "root=PARTUUID=11111111-02\n"}})), "root-partition-missing");
}

std::string boot_script(const std::string& text) {
    const auto crc = [](const std::string& bytes) {
        return static_cast<std::uint32_t>(
            ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
    };
    std::string header(64, '\0');
    const auto put_big = [&header](std::size_t at, std::uint32_t value) {
        for (int i = 0; i < 4; ++i)
            header[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> (24 - 8 * i));
    };
    put_big(0, 0x27051956);
    put_big(12, static_cast<std::uint32_t>(text.size()));
    put_big(24, crc(text));
    put_big(4, crc(header));
    return header + text;
}

TEST(DiskBoot, UBootRunsOnlyWhatMkimageMade) {
    const std::string script = boot_script("booti ${kernel_addr_r}\n");
    std::string edited = script;
    edited.back() = '#';
    const auto ids = [](const std::string& content) {
        return disk_ids(mbr_disk({{0x0c, true, fat_of({{"/boot.scr", content}})}}));
    };
    EXPECT_EQ(ids(script), "");
    EXPECT_EQ(ids(edited), "boot-script-checksum");
    EXPECT_EQ(ids("booti ${kernel_addr_r}\n"), "boot-script-format");
}

TEST(DiskBoot, AFileThatIsAnImageInAnotherForm) {
    const auto found =
        disk_faults(std::string("\xfd"
                                "7zXZ\0rest",
                                10));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].id, "not-an-image");
    EXPECT_NE(found[0].text.find("compressed with xz"), std::string::npos);
    EXPECT_EQ(disk_ids(std::string("QFI\xfb") + std::string(600, 'q')), "not-an-image");
}

}  // namespace
}  // namespace lktest
