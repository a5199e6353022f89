// SPDX-License-Identifier: MIT
#include "harness/boot/disks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <fstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/layer/squashfs_writer.hpp"
#include "builder/tree/from_directory.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t sector = 512;
// A GPT's second copy takes the last 33 sectors; a whole mebibyte keeps what is before it aligned.
constexpr std::uint64_t partition_begin = mebibyte, partition_rest = 2 * mebibyte;

void make_sparse(const fs::path& path, std::uint64_t size) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(size)) < 0)
        throw system_error(fmt::format("cannot make the disk {}", path.string()), errno);
}

/// A copy that shares its content where the file system can, and has no zeros in it.
void copy_sparse(const fs::path& from, const fs::path& to) {
    check_process({"cp", "--reflink=auto", "--sparse=always", "-f", "--", from, to});
}

/// A file that goes on a disk: its path there, and the file that has its bytes.
struct DiskFile {
    fs::path inside, from;
};

void copy_out(const ByteView& content, const fs::path& file) {
    std::ofstream out(file, std::ios::binary);
    std::array<char, 1 << 18> chunk;
    for (std::uint64_t at = 0; at < content.size();) {
        const std::size_t size = content.read(at, chunk);
        out.write(chunk.data(), static_cast<std::streamsize>(size));
        at += size;
    }
    if (!out.flush())
        throw host_error(fmt::format("cannot write {}", file.string()));
}

/// The file of the medium that has this path, or all below the directory.
void add_of_medium(std::vector<DiskFile>& files, const fs::path& inside, const std::string& path,
                   const fs::path& medium, const fs::path& scratch) {
    const IsoTree tree = read_iso_tree(ByteView::of_file(medium));
    const std::size_t before = files.size();
    for (const auto& [name, node] : tree.nodes) {
        if (node.directory || (name != path && !name.starts_with(path + "/")))
            continue;
        const fs::path copy = scratch / std::to_string(files.size());
        copy_out(node.content, copy);
        files.push_back({fs::path(inside.string() + name.substr(path.size())), copy});
    }
    if (files.size() == before)
        throw usage_error(fmt::format("{} has no {}", medium.string(), path));
}

/// What goes on the disk, as files.
/// @param scratch  for those that are made first
std::vector<DiskFile> files_of(const DiskSettings& disk, const fs::path& medium, const fs::path& scratch) {
    std::vector<DiskFile> files;
    for (const auto& [path, from] : disk.files) {
        const fs::path inside = fs::path("/" + path).lexically_normal();
        if (from == medium_file) {
            files.push_back({inside, medium});
        } else if (from.starts_with(of_medium)) {
            add_of_medium(files, inside, from.substr(of_medium.size()), medium, scratch);
        } else if (from.starts_with(as_module)) {
            const fs::path module = scratch / std::to_string(files.size());
            write_squashfs(directory_tree(from.substr(as_module.size())), module, Compression{},
                           std::time(nullptr), 1, [](std::string_view, std::uint64_t, std::uint64_t) {});
            files.push_back({inside, module});
        } else if (fs::exists(from)) {
            files.push_back({inside, from});
        } else {
            throw usage_error(fmt::format("there is no {} for the disk '{}'", from, disk.name));
        }
    }
    return files;
}

void make_ext4(const DiskSettings& disk, const std::vector<DiskFile>& files, const fs::path& image,
               std::uint64_t begin, std::uint64_t size) {
    const TempDir tree(image.parent_path());
    for (const DiskFile& file : files) {
        const fs::path copy = tree.path() / file.inside.relative_path();
        make_directories(copy.parent_path());
        copy_sparse(file.from, copy);
    }
    // Without a journal's lazy parts, so that nothing is written to it unasked later on.
    check_process({"mke2fs", "-q", "-F", "-t", "ext4", "-L", disk.label, "-d", tree.path(), "-E",
                   fmt::format("offset={},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0", begin),
                   image, fmt::format("{}k", size / 1024)});
}

void make_vfat(const DiskSettings& disk, const std::vector<DiskFile>& files, const fs::path& image,
               std::uint64_t begin, std::uint64_t size) {
    check_process({"mkfs.vfat", "-n", disk.label.empty() ? "NO NAME" : disk.label, "--offset",
                   std::to_string(begin / sector), image, std::to_string(size / 1024)});
    const std::string place = fmt::format("{}@@{}", image.string(), begin);
    for (const DiskFile& file : files) {
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
    const std::vector<DiskFile> files = files_of(disk, medium, scratch.path());
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
                      .attached = disk.attached};
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
