// SPDX-License-Identifier: MIT
#include "builder/boot/esp.hpp"

#include <fmt/format.h>

#include <chrono>
#include <set>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t sector = 512, kib = 1024;

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

/// Sectors in a cluster. FAT16 has at most 65524 clusters: 32 MiB with one sector each, 2 GiB with the most.
std::uint64_t cluster_sectors(const std::vector<fs::path>& files) {
    std::uint64_t bytes = 0;
    for (const fs::path& file : files)
        bytes += fs::file_size(file);
    constexpr std::uint64_t full = 30 << 20, most = 64;
    for (std::uint64_t cluster = 1; cluster < most; cluster *= 4)
        if (bytes < full * cluster)
            return cluster;
    return most;
}

/// KiB for the files, FAT16's tables and some spare room. FAT16 needs at least 4085
/// clusters; with fewer it would be read as FAT12.
std::uint64_t image_kib(const std::vector<fs::path>& files, std::uint64_t cluster) {
    std::uint64_t bytes = 0;
    for (const fs::path& file : files)
        bytes += round_up(fs::file_size(file), cluster * sector);
    constexpr std::uint64_t least = 2560 * kib, room = 256 * kib, unit = 64 * kib;
    return std::max(round_up(bytes + room, unit), least) / kib;
}

void set_mtime(const fs::path& file, std::int64_t mtime) {
    const std::chrono::sys_seconds time{std::chrono::seconds(mtime)};
    fs::last_write_time(file, std::chrono::file_clock::from_sys(time));
}

}  // namespace

void write_esp(const fs::path& image, std::span<const ImageFile> files, std::int64_t mtime) {
    const TempDir scratch;
    // mcopy -m copies the times of files, so every file is first written to a temporary one.
    std::vector<fs::path> copies;
    for (const ImageFile& file : files) {
        copies.push_back(scratch.path() / std::to_string(copies.size()));
        if (const auto* bytes = std::get_if<std::string>(&file.content))
            write_file(copies.back(), *bytes);
        else
            write_file(copies.back(), read_file(std::get<fs::path>(file.content)));
        set_mtime(copies.back(), mtime);
    }

    const std::uint64_t cluster = cluster_sectors(copies), size = image_kib(copies, cluster);
    if (const std::uint64_t most = 32 * kib * cluster; size > most)
        throw usage_error(
            fmt::format("the EFI system partition would need {} MiB, but at most {} are possible", size / kib,
                        most / kib));
    ProcessOptions fixed_time;
    fixed_time.environment = {
        {"SOURCE_DATE_EPOCH", std::to_string(mtime)}, {"TZ", "UTC0"}, {"MTOOLSRC", "/dev/null"}};
    check_process({"mkfs.vfat", "-C", "-F", "16", "-s", std::to_string(cluster), "-S", "512", "--invariant",
                   "-n", "LKTEST_ESP", image.string(), std::to_string(size)},
                  fixed_time);
    std::set<fs::path> made;
    const auto make = [&](const fs::path& directory) {
        if (made.insert(directory).second)
            check_process({"mmd", "-i", image.string(), "::" + directory.string()}, fixed_time);
    };
    // From a disk, Debian's signed GRUB first looks for /boot/grub on the partition that it came from.
    // Without /boot it prints an error on the console, which looks like the reason of a later failure.
    make("/boot");
    for (std::size_t number = 0; number < files.size(); ++number) {
        const fs::path path = files[number].path;
        fs::path directory = "/";
        for (const fs::path& part : path.parent_path().relative_path()) {
            directory /= part;
            make(directory);
        }
        check_process({"mcopy", "-m", "-i", image.string(), copies[number].string(), "::" + path.string()},
                      fixed_time);
    }
}

}  // namespace lktest
