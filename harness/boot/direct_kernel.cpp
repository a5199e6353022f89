// SPDX-License-Identifier: MIT
#include "harness/boot/direct_kernel.hpp"

#include <fmt/format.h>

#include <fstream>

#include "builder/base/error.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "harness/boot/inspect_medium.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

void append_file(const IsoTree& tree, const std::string& path, std::ofstream& out, const fs::path& iso) {
    constexpr std::size_t piece = std::size_t{1} << 20;
    const IsoNode* file = tree.find(path);
    if (!file)
        throw usage_error(fmt::format("{} lacks {}, which its boot menu names", iso.string(), path),
                          fmt::format("to see its other problems, run: lktest inspect {}", iso.string()));
    for (std::uint64_t at = 0; at < file->content.size(); at += piece)
        out << file->content.read(at, piece);
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
    const IsoTree tree = read_iso_tree(ByteView::of_file(iso));
    std::ofstream kernel(direct.kernel, std::ios::binary), initramfs(direct.initramfs, std::ios::binary);
    append_file(tree, entry->kernel, kernel, iso);
    for (const std::string& path : entry->initrds)
        append_file(tree, path, initramfs, iso);
    close(kernel, direct.kernel);
    close(initramfs, direct.initramfs);
    return direct;
}

}  // namespace lktest
