// SPDX-License-Identifier: MIT
#include "harness/boot/stick.hpp"

#include <fmt/format.h>

#include <fstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/stick_loader.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

constexpr std::uint64_t kib = 1024, mebibyte = kib * kib, sector = 512;
constexpr std::uint64_t partition = mebibyte;  // its offset; GRUB fits before it
constexpr std::size_t table_begin = 440;       // in the first sector: the disk's identity and partitions

/// Writes an MBR with the active partition and, for BIOS, GRUB around it.
void write_start(const fs::path& loader, const fs::path& image, std::uint64_t size, bool bios) {
    std::string start(partition, '\0');
    if (bios) {
        const std::string mbr = read_file(loader / "mbr"), core = read_file(loader / "core");
        if (sector + core.size() > start.size())
            throw host_error("GRUB is too large for the space before the stick's partition");
        start.replace(0, table_begin, mbr, 0, table_begin);
        start.replace(sector, core.size(), core);
    }
    const auto put = [&start](std::size_t at, std::uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i)
            start[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> (8 * i) & 0xff);
    };
    constexpr std::size_t entry = 446;  // boot flag, CHS, type, CHS, first sector, sectors
    constexpr std::uint64_t active = 0x80, fat32_lba = 0x0c, beyond_chs = 0xfffffe;
    put(entry, active, 1);
    put(entry + 1, beyond_chs, 3);
    put(entry + 4, fat32_lba, 1);
    put(entry + 5, beyond_chs, 3);
    put(entry + 8, partition / sector, 4);
    put(entry + 12, size / sector, 4);
    put(510, 0xaa55, 2);
    write_file(image, start);
}

}  // namespace

void make_stick(const fs::path& iso, const fs::path& loader, Arch arch, const fs::path& image) {
    constexpr std::uint64_t room = 48 * mebibyte, fat_limit = std::uint64_t{4} << 30;
    if (fs::file_size(iso) >= fat_limit)
        throw usage_error(fmt::format("{} is too large for a file on FAT", iso.string()),
                          "use an ISO below 4 GiB, or another --medium");
    const std::uint64_t size = (fs::file_size(iso) / mebibyte + 1) * mebibyte + room;
    write_start(loader, image, size, is_pc(arch));
    fs::resize_file(image, partition + size);
    check_process({"mkfs.vfat", "-F", "32", "-n", "STICK", "--offset", std::to_string(partition / sector),
                   image, std::to_string(size / kib)});
    const std::string place = fmt::format("{}@@{}", image.string(), partition);
    check_process({"mmd", "-i", place, "::/EFI", "::/EFI/BOOT"});
    check_process(
        {"mcopy", "-i", place, loader / "efi", fmt::format("::/EFI/BOOT/BOOT{}.EFI", efi_suffix(arch))});
    check_process({"mcopy", "-i", place, iso, fmt::format("::{}", stick_iso)});
}

}  // namespace lktest
