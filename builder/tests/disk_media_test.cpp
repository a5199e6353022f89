// SPDX-License-Identifier: MIT
// Whole-disk images with systemd-boot, unified kernel images and verified roots.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <map>

#include "builder/base/file.hpp"
#include "builder/boot/uki_writer.hpp"
#include "builder/inspect/finding.hpp"
#include "builder/inspect/uki.hpp"
#include "builder/inspect/verity.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

using Ids = std::vector<std::string>;
using Files = std::map<std::string, std::string>;

constexpr std::string_view esp_type{"\x28\x73\x2a\xc1\x1f\xf8\xd2\x11\xba\x4b\x00\xa0\xc9\x3e\xc9\x3b", 16};
constexpr std::string_view extended_boot_type{
    "\xff\xc2\x13\xbc\xe6\x59\x62\x42\xa3\x52\xb2\x75\xfd\x6f\x71\x72", 16};
constexpr std::string_view linux_type{"\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4", 16};

struct TestPartition {
    std::string_view type;
    std::string content;
};

std::uint32_t crc_of(const std::string& bytes) {
    return static_cast<std::uint32_t>(
        ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

/// A disk with a GPT and these partitions, from the first MiB on.
std::string disk_of(const std::vector<TestPartition>& partitions) {
    constexpr std::size_t sector = 512, entries_size = 128 * 128;
    std::string disk(1 << 20, '\0'), entries(entries_size, '\0');
    for (std::size_t i = 0; i < partitions.size(); ++i) {
        const std::size_t at = i * 128, first = disk.size() / sector;
        disk += partitions[i].content;
        disk.resize((disk.size() + (1 << 20) - 1) >> 20 << 20);
        entries.replace(at, 16, partitions[i].type);
        put(entries, at + 16, i + 1, 8);
        put(entries, at + 32, first, 8);
        put(entries, at + 40, first + partitions[i].content.size() / sector - 1, 8);
    }
    disk.resize(disk.size() + 33 * sector);
    const std::size_t last = disk.size() / sector - 1;
    const auto header = [&](std::size_t own, std::size_t other, std::size_t table) {
        std::string bytes(sector, '\0');
        bytes.replace(0, 8, "EFI PART");
        put(bytes, 8, 0x10000, 4);
        put(bytes, 12, 92, 4);
        put(bytes, 24, own, 8);
        put(bytes, 32, other, 8);
        put(bytes, 40, 34, 8);
        put(bytes, 48, last - 33, 8);
        put(bytes, 72, table, 8);
        put(bytes, 80, 128, 4);
        put(bytes, 84, 128, 4);
        put(bytes, 88, crc_of(entries), 4);
        put(bytes, 16, crc_of(bytes.substr(0, 92)), 4);
        return bytes;
    };
    put(disk, 446 + 4, 0xee, 1);
    put(disk, 446 + 8, 1, 4);
    put(disk, 446 + 12, last, 4);
    put(disk, 510, 0xaa55, 2);
    disk.replace(sector, sector, header(1, last, 2));
    disk.replace(2 * sector, entries_size, entries);
    disk.replace((last - 32) * sector, entries_size, entries);
    disk.replace(last * sector, sector, header(last, 1, last - 32));
    return disk;
}

std::vector<IsoFinding> findings_in(const std::string& disk) {
    std::vector<IsoFinding> found =
        find_faults(read_medium_facts(ByteView::of_memory(disk), "disk.img", {.checksum_limit = 1 << 30}));
    std::erase_if(found, [](const IsoFinding& finding) {
        return finding.grade == IsoFinding::Grade::notice || finding.id == "efi-unsigned";
    });
    return found;
}

Ids ids_in(const std::string& disk) {
    Ids ids;
    for (const IsoFinding& finding : findings_in(disk))
        ids.push_back(finding.id);
    return ids;
}

const std::string entry = "title Live\nlinux /vmlinuz\ninitrd /initrd\noptions root=/dev/vda console=ttyS0\n";

/// An initramfs of one file, /init, and its trailer.
std::string small_initramfs() {
    const auto member = [](const std::string& name, const std::string& mode, const std::string& content) {
        const std::string zero = "00000000";
        std::string bytes = "070701" + zero + mode + zero + zero + "00000001" + zero +
                            fmt::format("{:08x}", content.size()) + zero + zero + zero + zero +
                            fmt::format("{:08x}", name.size() + 1) + zero + name + '\0';
        bytes.resize((bytes.size() + 3) / 4 * 4);
        bytes += content;
        bytes.resize((bytes.size() + 3) / 4 * 4);
        return bytes;
    };
    return member("init", "000081ed", "#!/init\n") + member("TRAILER!!!", "00000000", "");
}

/// A bzImage that firmware can start itself.
std::string efi_kernel() {
    constexpr std::size_t headers = 408;  // of the PE image, up to the end of its table of sections
    return fake_kernel(Arch::x86_64).replace(0, headers, fake_pe(0x8664, false), 0, headers);
}

Files with_systemd_boot() {
    return {{"/EFI/BOOT/BOOTX64.EFI",
             fake_pe_with(0x8664, ".sdmagic", "#### LoaderInfo: systemd-boot 257 ####")}};
}

Files live_files() {
    return {{"/vmlinuz", efi_kernel()}, {"/initrd", small_initramfs()}};
}

TEST(SystemdBoot, ReadsTheExtendedBootPartitionToo) {
    Files own = with_systemd_boot(), other = live_files();
    own["/loader/loader.conf"] = "default live*\n";
    other["/loader/entries/live.conf"] = entry;
    const std::string esp = fat_of(own), extended = fat_of(other);
    EXPECT_EQ(ids_in(disk_of({{esp_type, esp}, {extended_boot_type, extended}})), Ids{});
    // Paths of an entry belong to its own partition.
    other.erase("/loader/entries/live.conf");
    own["/loader/entries/live.conf"] = entry;
    EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(own)}, {extended_boot_type, fat_of(other)}})),
              (Ids{"kernel-missing", "initrd-missing"}));
    EXPECT_EQ(ids_in(disk_of({{esp_type, esp}, {linux_type, extended}})),
              (Ids{"no-menu-entry", "loader-default-missing"}));
}

TEST(SystemdBoot, SaysWhichEntriesItDoesNotOffer) {
    Files files = with_systemd_boot();
    files.merge(live_files());
    files["/loader/entries/a.conf"] = entry;
    EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(files)}})), Ids{});
    files["/loader/entries/b.conf"] = "architecture aa64\n" + entry;
    EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(files)}})), Ids{"loader-entry-ignored"});
    files["/loader/entries/b.conf"] = "architecture X64\n" + entry;
    EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(files)}})), Ids{});
    files["/loader/entries/b.conf"] = "title Live\nkernel /vmlinuz\n";
    EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(files)}})), Ids{"loader-entry-ignored"});
    files.erase("/loader/entries/b.conf");
    files["/loader/entries/b+0-3.conf"] = entry;
    EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(files)}})), Ids{"loader-tries-exhausted"});
    files["/loader/entries/b+2-1.conf"] = entry;
    files.erase("/loader/entries/b+0-3.conf");
    EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(files)}})), Ids{});
}

TEST(SystemdBoot, SaysWhereEntriesAreThatItDoesNotRead) {
    const auto text = [](const char* path) {
        Files files = with_systemd_boot();
        files.merge(live_files());
        files[path] = entry;
        const auto found = findings_in(disk_of({{esp_type, fat_of(files)}}));
        return found.empty() ? "" : found.front().text;
    };
    EXPECT_NE(text("/loader/entries/a.conf.txt").find("must end in .conf"), std::string::npos);
    EXPECT_NE(text("/boot/loader/entries/a.conf").find("/loader/entries of the partition itself"),
              std::string::npos);
    EXPECT_NE(text("/EFI/Linux/bootc/a.efi").find("must be in /EFI/Linux itself"), std::string::npos);
    EXPECT_EQ(text("/loader/entries/a.conf"), "");
}

TEST(SystemdBoot, StartsOnlyEfiPrograms) {
    Files files = with_systemd_boot();
    files.merge(live_files());
    files["/loader/entries/a.conf"] = entry;
    files["/vmlinuz"] = fake_kernel(Arch::x86_64);
    EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(files)}})), Ids{"kernel-not-efi"});
    files["/vmlinuz"] = efi_kernel();
    files["/loader/entries/a.conf"] = "uki /vmlinuz\n";  // this one is version 257
    EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(files)}})), (Ids{"no-menu-entry", "loader-entry-ignored"}));
}

/// A stub like systemd's, with room for more sections.
std::string stub(std::uint16_t machine = 0x8664) {
    std::string pe = fake_pe_with(machine, ".sdmagic", "#### LoaderInfo: systemd-stub 257 ####");
    constexpr std::size_t optional = 64 + 24;
    put(pe, optional + 32, 4096, 4);  // SectionAlignment
    put(pe, optional + 36, 512, 4);   // FileAlignment
    put(pe, optional + 56, 8192, 4);  // SizeOfImage
    put(pe, optional + 60, 1024, 4);  // SizeOfHeaders
    put(pe, optional + 240 + 16, 0, 4);
    put(pe, optional + 240 + 20, 0, 4);  // .text has no content: the table may grow up to 1024
    return pe;
}

TEST(Uki, IsListedByItsOsRelease) {
    std::vector<UkiSection> sections{{".cmdline", "root=/dev/vda console=ttyS0"},
                                     {".initrd", small_initramfs()},
                                     {".linux", efi_kernel()}};
    Files files = with_systemd_boot();
    files["/EFI/Linux/live.efi"] = write_uki(stub(), sections);
    EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(files)}})), Ids{"uki-no-os-release"});
    sections.push_back({".osrel", "ID=x"});
    files["/EFI/Linux/live.efi"] = write_uki(stub(), sections);
    EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(files)}})), Ids{});
}

TEST(UkiWriter, AddsSectionsAfterTheStubsOwn) {
    const std::vector<UkiSection> sections{
        {".cmdline", "quiet"}, {".initrd", std::string(5000, 'i')}, {".linux", std::string(9000, 'k')}};
    const ByteView file = ByteView::of_memory(write_uki(stub(), sections));
    const auto pe = read_pe(file);
    ASSERT_TRUE(pe);
    EXPECT_FALSE(pe->cut);
    const auto uki = read_uki(file, *pe);
    ASSERT_TRUE(uki);
    EXPECT_EQ(uki->stub, "systemd-stub 257");
    EXPECT_TRUE(uki->overlapping.empty() && uki->outside.empty() && uki->unloaded.empty());
    EXPECT_EQ(uki->profiles[0].command_line, "quiet");
    EXPECT_EQ(uki->profiles[0].initrds[0].read(0, 9999), std::string(5000, 'i'));
    EXPECT_EQ(uki->profiles[0].kernel.read(0, 9999), std::string(9000, 'k'));
    const std::vector<UkiSection> many(40, {".many", "x"});
    EXPECT_THROW(write_uki(stub(), many), std::exception);
    EXPECT_THROW(write_uki("MZ", sections), std::exception);
}

TEST(Uki, IsExtendedByAddOns) {
    const std::string kernel = efi_kernel(), initrd = small_initramfs();
    const std::vector<UkiSection> bare{{".osrel", "ID=x"}, {".initrd", initrd}, {".linux", kernel}};
    Files files = with_systemd_boot();
    files["/EFI/Linux/live.efi"] = write_uki(stub(), bare);
    EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(files)}})), Ids{"uki-no-cmdline"});
    const std::string addon = fake_pe_with(0x8664, ".cmdline", "root=/dev/vda console=ttyS0");
    for (const char* path :
         {"/EFI/Linux/live.efi.extra.d/c.addon.efi", "/loader/addons/everywhere.addon.efi"}) {
        Files extended = files;
        extended[path] = addon;
        EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(extended)}})), Ids{}) << path;
        extended[path] = fake_pe_with(0xaa64, ".cmdline", "console=ttyAMA0");
        EXPECT_EQ(ids_in(disk_of({{esp_type, fat_of(extended)}})),
                  (Ids{"uki-addon-machine", "uki-no-cmdline"}))
            << path;
    }
}

TEST(Uki, DoesNotFitIntoTooSmallAnImage) {
    const std::vector<UkiSection> sections{{".cmdline", "x"}, {".linux", "kernel"}};
    std::string bytes = write_uki(stub(), sections);
    put(bytes, le32(bytes, 60) + 24 + 56, 4096, 4);
    const ByteView file = ByteView::of_memory(bytes);
    EXPECT_FALSE(read_uki(file, *read_pe(file))->unloaded.empty());
}

/// veritysetup format --salt=- of a block of 'a' and one of 'b'.
std::string small_tree() {
    const auto bytes = [](std::string_view digits) {
        std::string text;
        for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
            text += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
        return text;
    };
    std::string tree = empty_verity_tree();
    tree.replace(4096, 32, bytes("c93eee2d0db02f10acc7460d9576e122dcf8cd53c4bf8dfcae1b3e74ebcfff5a"));
    tree.replace(4096 + 32, 32, bytes("5389688abf55bc46639385085bfaf1fda3552f63303e4d4a55d664d0f515d6ac"));
    return tree;
}

TEST(Verity, ComparesTheDataWithTheTree) {
    const ByteView tree = ByteView::of_memory(small_tree());
    const std::string right = std::string(4096, 'a') + std::string(4096, 'b');
    std::string wrong = right;
    wrong[5000] = 'x';
    EXPECT_TRUE(covers(tree, ByteView::of_memory(right)));
    EXPECT_FALSE(covers(tree, ByteView::of_memory(std::string(8192, 'c'))));
    EXPECT_EQ(first_difference(tree, ByteView::of_memory(right)), "");
    EXPECT_EQ(first_difference(tree, ByteView::of_memory(wrong)), "block 1 of 2");
    EXPECT_EQ(first_difference(tree, ByteView::of_memory(right.substr(0, 5000))), "block 1 of 2");
}

TEST(Verity, IsJudgedOnADisk) {
    const std::string hash = read_verity(ByteView::of_memory(small_tree()), "x")->root_hash;
    const std::string data = std::string(4096, 'a') + std::string(4096, 'b');
    const auto disk = [&](const std::string& command_line, const std::vector<TestPartition>& further) {
        const std::vector<UkiSection> sections{{".cmdline", command_line + " console=ttyS0"},
                                               {".osrel", "ID=x"},
                                               {".initrd", small_initramfs()},
                                               {".linux", efi_kernel()}};
        Files files = with_systemd_boot();
        files["/EFI/Linux/live.efi"] = write_uki(stub(), sections);
        std::vector<TestPartition> partitions{{esp_type, fat_of(files)}};
        partitions.insert(partitions.end(), further.begin(), further.end());
        return disk_of(partitions);
    };
    const std::string right = "roothash=" + hash, wrong = "roothash=" + std::string(64, '0');
    const std::vector<TestPartition> whole{{linux_type, data}, {linux_type, small_tree()}};
    EXPECT_EQ(ids_in(disk(right, whole)), Ids{});
    EXPECT_EQ(ids_in(disk(wrong, whole)), Ids{"verity-root-hash"});
    EXPECT_EQ(ids_in(disk(right, {{linux_type, data}})), Ids{"verity-tree-missing"});
    std::string damaged = data;
    damaged[100] = 'x';
    EXPECT_EQ(ids_in(disk(right, {{linux_type, damaged}, {linux_type, small_tree()}})), Ids{"verity-data"});
}

TEST(Erofs, InAPartitionIsReadToo) {
    std::string image(16384, '\0');
    put(image, 1024, 0xe0f5e1e2, 4);
    put(image, 1024 + 12, 14, 1);  // blocks of 16 KiB
    put(image, 1024 + 36, 1, 4);
    const std::vector<UkiSection> sections{{".cmdline", "root=/dev/vda2 console=ttyS0"},
                                           {".osrel", "ID=x"},
                                           {".initrd", small_initramfs()},
                                           {".linux", efi_kernel()}};
    Files files = with_systemd_boot();
    files["/EFI/Linux/live.efi"] = write_uki(stub(), sections);
    const std::string esp = fat_of(files);
    const auto found = findings_in(disk_of({{esp_type, esp}, {linux_type, image}}));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].id, "erofs-block-size");
    put(image, 1024 + 12, 12, 1);
    put(image, 1024 + 36, 4, 4);
    EXPECT_EQ(ids_in(disk_of({{esp_type, esp}, {linux_type, image}})), Ids{});
    put(image, 1024 + 36, 400, 4);
    EXPECT_EQ(ids_in(disk_of({{esp_type, esp}, {linux_type, image}})), Ids{"erofs-truncated"});
}

}  // namespace
}  // namespace lktest
