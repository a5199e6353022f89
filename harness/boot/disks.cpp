// SPDX-License-Identifier: MIT
#include "harness/boot/disks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "harness/boot/placed_files.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t sector = 512;
// A GPT's backup takes the last 33 sectors; reserving a whole mebibyte keeps everything before it aligned.
constexpr std::uint64_t partition_begin = mebibyte, partition_rest = 2 * mebibyte;

void make_sparse(const fs::path& path, std::uint64_t size) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(size)) < 0)
        throw system_error(fmt::format("cannot create the disk {}", path.string()), errno);
}

void make_ext4(const DiskSettings& disk, const std::vector<PlacedFile>& files, const fs::path& image,
               std::uint64_t begin, std::uint64_t size) {
    const TempDir tree(image.parent_path());
    copy_files(files, tree.path());
    // Disables lazy initialization, so that the kernel does not write to it later.
    check_process({"mke2fs", "-q", "-F", "-t", "ext4", "-L", disk.label, "-d", tree.path(), "-E",
                   fmt::format("offset={},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0", begin),
                   image, fmt::format("{}k", size / 1024)});
}

void make_vfat(const DiskSettings& disk, const std::vector<PlacedFile>& files, const fs::path& image,
               std::uint64_t begin, std::uint64_t size) {
    check_process({"mkfs.vfat", "-n", disk.label.empty() ? "NO NAME" : disk.label, "--offset",
                   std::to_string(begin / sector), image, std::to_string(size / 1024)});
    const std::string place = fmt::format("{}@@{}", image.string(), begin);
    for (const PlacedFile& file : files) {
        fs::path parent;
        for (const fs::path& part : file.inside.parent_path().relative_path()) {
            parent /= part;
            run_process({"mmd", "-D", "s", "-i", place, "::/" + parent.string()});
        }
        check_process({"mcopy", "-i", place, file.from, "::" + file.inside.string()});
    }
}

void make_disk(const DiskSettings& disk, const fs::path& image, const fs::path& medium) {
    make_sparse(image, disk.size);
    if (disk.file_system == FileSystem::none)
        return;
    const TempDir scratch(image.parent_path());
    const std::vector<PlacedFile> files =
        place_files(disk.files, fmt::format("the disk '{}'", disk.name), medium, scratch.path());
    std::uint64_t begin = 0, size = disk.size;
    if (disk.partition) {
        begin = partition_begin;
        size -= std::min(size - mebibyte, partition_rest);
        check_process(
            {"sgdisk", "--new=1:2048:+" + std::to_string(size / sector), "--typecode=1:8300", image});
    }
    if (disk.file_system == FileSystem::ext4)
        make_ext4(disk, files, image, begin, size);
    else
        make_vfat(disk, files, image, begin, size);
}

fs::path sealed(const DiskSpec& disk) {
    return disk.path.string() + ".sealed";
}

}  // namespace

Disks::Disks(const std::vector<DiskSettings>& settings, const fs::path& directory, const fs::path& medium)
    : settings_(settings) {
    for (const DiskSettings& disk : settings_) {
        DiskSpec spec{.name = disk.name,
                      .path = directory / (disk.name + ".img"),
                      .bus = disk.bus,
                      .number = static_cast<unsigned>(specs_.size()),
                      .attached = disk.attached,
                      .protect = disk.protect};
        make_disk(disk, spec.path, medium);
        specs_.push_back(std::move(spec));
    }
}

const DiskSpec& Disks::spec(const std::string& name) const {
    return *std::ranges::find(specs_, name, &DiskSpec::name);
}

void Disks::make_bootable(const std::string& name) {
    std::ranges::find(specs_, name, &DiskSpec::name)->bootable = true;
}

void Disks::seal(const std::string& name) {
    copy_sparse(spec(name).path, sealed(spec(name)));
}

std::string Disks::difference(const std::string& name) const {
    const auto now = MappedFile::open(spec(name).path), before = MappedFile::open(sealed(spec(name)));
    const auto [changed, original] = std::ranges::mismatch(now->bytes(), before->bytes());
    if (changed == now->bytes().end() && original == before->bytes().end())
        return {};
    return fmt::format("the disk '{}' was written to, at byte {} first", name,
                       changed - now->bytes().begin());
}

void Disks::keep(const fs::path& directory) const {
    for (std::size_t i = 0; i < specs_.size(); ++i)
        if (settings_[i].keep)
            copy_sparse(specs_[i].path, directory / specs_[i].path.filename());
}

}  // namespace lktest
