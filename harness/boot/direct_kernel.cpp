// SPDX-License-Identifier: MIT
#include "harness/boot/direct_kernel.hpp"

#include <fmt/format.h>

#include <fstream>
#include <optional>

#include "builder/base/error.hpp"
#include "builder/inspect/fat.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "harness/boot/inspect_medium.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

/// The files that a menu entry names, in the volume from which its loader reads them.
class EntryFiles {
public:
    EntryFiles(const fs::path& iso, const LoadedEntry& entry) {
        const ByteView medium = ByteView::of_file(iso);
        if (entry.fat_size == 0)
            tree_ = read_iso_tree(medium);
        else
            fat_ = read_fat(medium.part(entry.fat_offset, entry.fat_size));
    }

    /// Unset if there is no such file.
    std::optional<ByteView> find(const std::string& path) const {
        if (tree_) {
            const IsoNode* file = tree_->find(path);
            return file ? std::optional(file->content) : std::nullopt;
        }
        if (!fat_)
            return std::nullopt;
        const auto file = fat_->files.find(path);
        return file == fat_->files.end() ? std::nullopt : std::optional(file->second);
    }

private:
    std::optional<IsoTree> tree_;
    std::optional<FatVolume> fat_;
};

void append_file(const EntryFiles& files, const std::string& path, std::ofstream& out, const fs::path& iso) {
    constexpr std::size_t piece = std::size_t{1} << 20;
    const std::optional<ByteView> content = files.find(path);
    if (!content)
        throw usage_error(fmt::format("{} lacks {}, which its boot menu names", iso.string(), path),
                          fmt::format("to see its other problems, run: lktest inspect {}", iso.string()));
    for (std::uint64_t at = 0; at < content->size(); at += piece)
        out << content->read(at, piece);
}

void close(std::ofstream& out, const fs::path& path) {
    out.close();
    if (!out)
        throw host_error(fmt::format("cannot write {}", path.string()), "is the disk full?");
}

}  // namespace

DirectKernel take_kernel(const fs::path& iso, Arch arch, const BootLine& wish, const fs::path& directory) {
    const std::optional<LoadedEntry> entry = inspect_menu(iso, arch, wish.entry);
    if (!entry)
        throw usage_error(wish.entry.empty()
                              ? fmt::format("no menu of {} names a kernel for {}", iso.string(), name(arch))
                              : fmt::format("no menu entry '{}' of {} names a kernel for {}", wish.entry,
                                            iso.string(), name(arch)),
                          fmt::format("to list its entries, run: lktest inspect {}", iso.string()));
    DirectKernel direct{.kernel = directory / "kernel",
                        .initramfs = directory / "initramfs",
                        .command_line = entry->command_line};
    if (!wish.append.empty())
        direct.command_line += " " + wish.append;
    const EntryFiles files(iso, *entry);
    std::ofstream kernel(direct.kernel, std::ios::binary), initramfs(direct.initramfs, std::ios::binary);
    append_file(files, entry->kernel, kernel, iso);
    for (const std::string& path : entry->initrds)
        append_file(files, path, initramfs, iso);
    close(kernel, direct.kernel);
    close(initramfs, direct.initramfs);
    return direct;
}

}  // namespace lktest
