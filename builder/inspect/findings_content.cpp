// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "builder/inspect/boot_paths.hpp"
#include "builder/inspect/findings.hpp"
#include "builder/inspect/kernel_support.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

using Codec = KernelFeature;
constexpr std::array initramfs_codecs{
    Codec{"gzip", "", "CONFIG_RD_GZIP"},    Codec{"bzip2", "", "CONFIG_RD_BZIP2"},
    Codec{"lzma", "", "CONFIG_RD_LZMA"},    Codec{"xz", "", "CONFIG_RD_XZ"},
    Codec{"lzo", "", "CONFIG_RD_LZO"},      Codec{"lz4", "3.11", "CONFIG_RD_LZ4"},
    Codec{"zstd", "5.9", "CONFIG_RD_ZSTD"},
};
constexpr std::array squashfs_codecs{
    Codec{"gzip", "", "CONFIG_SQUASHFS_ZLIB"},     Codec{"lzo", "", "CONFIG_SQUASHFS_LZO"},
    Codec{"xz", "", "CONFIG_SQUASHFS_XZ"},         Codec{"lz4", "3.19", "CONFIG_SQUASHFS_LZ4"},
    Codec{"zstd", "4.14", "CONFIG_SQUASHFS_ZSTD"},
};

void judge_release(const BootPath& path, IsoFindings& findings, std::set<std::string>& said) {
    const std::string& version = path.kernel->image->version;
    const auto& releases = path.initramfs->image.module_releases;
    if (version.empty() || releases.empty() || releases.contains(version) ||
        !said.insert("release " + path.kernel->path + path_of(*path.initramfs)).second)
        return;
    add_error(findings, "initramfs-release",
              fmt::format("{} is {}, but the modules in {} belong to {}: the kernel cannot load any of them, "
                          "and does not find disks that need one.",
                          path.kernel->path, version, path_of(*path.initramfs), fmt::join(releases, ", ")),
              fmt::format("Make the initramfs for {} (update-initramfs -c -k {}, dracut --kver {}), or use "
                          "the kernel it was made for.",
                          version, version, version));
}

void judge_initramfs_codec(const MediumFacts& facts, const BootPath& path, IsoFindings& findings,
                           std::set<std::string>& said) {
    const std::string initramfs = path_of(*path.initramfs);
    for (const std::string& segment : path.initramfs->image.segments) {
        const auto codec = std::ranges::find(initramfs_codecs, segment, &Codec::name);
        if (codec == initramfs_codecs.end())
            continue;
        const std::string why = refusal(facts, *path.kernel->image, *codec);
        if (!why.empty() && said.insert("codec " + path.kernel->path + initramfs + segment).second)
            add_error(findings, "initramfs-codec",
                      fmt::format("{} is compressed with {}, but {}: \"Initramfs unpacking failed\".",
                                  initramfs, segment, why),
                      "Compress the initramfs with gzip, or use a kernel that supports the format.");
    }
}

void judge_lz4_frame(const InitramfsFacts& initramfs, IsoFindings& findings) {
    if (initramfs.image.lz4_frame)
        add_error(
            findings, "initramfs-lz4-frame",
            fmt::format("{} is an lz4 frame. Linux unpacks only lz4's legacy format: \"Initramfs unpacking "
                        "failed: invalid magic at start of compressed archive\".",
                        path_of(initramfs)),
            "Compress it with lz4 -l.");
}

/// Root parameters that a kernel without an initramfs cannot resolve: only udev knows labels.
void judge_root_without_initramfs(const BootPath& path, IsoFindings& findings, std::set<std::string>& said) {
    const std::string root = parameter(path.entry->said.command_line, "root");
    if (!path.entry->said.initrds.empty() || !path.kernel)
        return;
    for (const std::string_view prefix : {"LABEL=", "UUID=", "live:", "/dev/disk/"})
        if (root.starts_with(prefix) && said.insert("root without initramfs " + path.place).second)
            add_error(findings, "root-needs-initramfs",
                      fmt::format("{} says 'root={}' but does not load an initramfs. The kernel itself "
                                  "cannot resolve that: it panics with \"Unable to mount root fs\".",
                                  describe(path), root),
                      "Add the initramfs to the entry, or name the partition by root=PARTUUID=.");
}

/// GRUB reads a compressed kernel only through a module. On x86 the kernel unpacks itself.
void judge_packed_kernel(const MediumFacts& facts, const BootPath& path, IsoFindings& findings,
                         std::set<std::string>& said) {
    struct Filter {
        std::string_view compression, module;
    };
    constexpr std::array filters{Filter{"gzip", "gzio"}, Filter{"xz", "xzio"}, Filter{"lzo", "lzopio"}};
    const KernelImage& kernel = *path.kernel->image;
    const std::string compression = kernel.format.substr(0, kernel.format.find(' '));
    const auto filter = std::ranges::find(filters, compression, &Filter::compression);
    if (filter == filters.end() || !kernel.format.ends_with(" Image"))
        return;
    std::vector<std::string> without;
    bool any = false;
    for (const EfiProgram& program : facts.efi) {
        if (!program.grub || !program.image || pe_machine_name(program.image->machine) != kernel.machine)
            continue;
        any |= program.grub->modules.contains(std::string(filter->module));
        without.push_back(program.path);
    }
    // The menu may load the module from the medium.
    any |= facts.tree && std::ranges::any_of(facts.tree->nodes, [&filter](const auto& node) {
               return node.first.ends_with(fmt::format("/{}.mod", filter->module));
           });
    if (!any && !without.empty() && said.insert("packed " + path.kernel->path).second)
        add_error(findings, "kernel-packed",
                  fmt::format("{} is compressed with {}, but the GRUB in {} lacks the module {}: it stops at "
                              "\"invalid magic number\".",
                              path.kernel->path, compression, some_of(without), filter->module),
                  fmt::format("Use the uncompressed kernel, or build GRUB with {}.", filter->module));
}

/// systemd-boot, rEFInd and unified kernel images let the firmware start the kernel.
void judge_efi_kernel(const MediumFacts& facts, const BootPath& path, IsoFindings& findings,
                      std::set<std::string>& said) {
    const auto config = std::ranges::find_if(facts.configs, [&path](const ConfigFacts& one) {
        return !one.entries.empty() && path.entry >= &one.entries.front() &&
               path.entry <= &one.entries.back();
    });
    if (config == facts.configs.end() || path.kernel->image->efi_stub)
        return;
    const BootLoader loader = config->said.loader;
    if (loader != BootLoader::systemd_boot && loader != BootLoader::refind &&
        loader != BootLoader::unified_kernel)
        return;
    if (said.insert("stub " + path.kernel->path).second)
        add_error(findings, "kernel-not-efi",
                  fmt::format("{} loads {} ({}), which is not an EFI program: {} can start only those.",
                              describe(path), path.kernel->path, path.kernel->image->format, name(loader)),
                  "Use a kernel with CONFIG_EFI_STUB=y in its boot image (bzImage; arm64's Image or "
                  "vmlinuz.efi, not Image.gz).");
}

void judge_squashfs_codecs(const MediumFacts& facts, IsoFindings& findings) {
    for (const LayerFacts& layer : facts.layers) {
        if (!layer.super || !layer.super->fault.empty())
            continue;
        const std::string& compressor = layer.super->compressor;
        if (compressor == "lzma") {
            add_error(findings, "squashfs-codec",
                      fmt::format("{} is a SquashFS compressed with lzma, which Linux cannot mount: "
                                  "\"unsupported compression\".",
                                  layer.path),
                      "Make it again with mksquashfs -comp xz or -comp zstd.");
            continue;
        }
        const auto codec = std::ranges::find(squashfs_codecs, compressor, &Codec::name);
        if (codec == squashfs_codecs.end())
            continue;
        // A layer may be for one of several kernels, so it is a fault only if all of them refuse it.
        const std::string why = refusal_by_all(facts, *codec);
        if (!why.empty())
            add_error(findings, "squashfs-codec",
                      fmt::format("{} is a SquashFS compressed with {}, but {}: it cannot be mounted.",
                                  layer.path, compressor, why),
                      "Make it again with mksquashfs -comp xz, or use a kernel that supports the format.");
    }
}

/// The kernels' machine if none of them can run the root's programs; empty if one can.
std::string foreign_kernels(const MediumFacts& facts, const ElfMachine& machine) {
    std::set<std::string> machines;
    for (const KernelFacts& kernel : facts.kernels)
        if (kernel.image && !kernel.image->machine.empty())
            machines.insert(kernel.image->machine);
    constexpr std::uint16_t i386 = 3, x86_64 = 62, arm = 40, aarch64 = 183;
    const auto runs = [&machine](const std::string& kernel) {
        if (kernel == "x86_64")
            return machine.machine == x86_64 || machine.machine == i386;
        if (kernel == "i386")
            return machine.machine == i386;
        if (kernel == "aarch64")
            return machine.machine == aarch64 || machine.machine == arm;
        return true;
    };
    if (machines.empty() || std::ranges::any_of(machines, runs))
        return {};
    return fmt::format("{}", fmt::join(machines, ", "));
}

void judge_roots(const MediumFacts& facts, const std::vector<BootPath>& paths, IsoFindings& findings) {
    const bool own_init = std::ranges::any_of(paths, [](const BootPath& path) {
        return has_parameter(path.entry->said.command_line, "init") || !path.entry->said.certain;
    });
    for (const RootFacts& root : facts.roots) {
        const std::string images = some_of(root.images);
        if (!root.nested.empty())
            add_error(
                findings, "root-nested",
                fmt::format("{} holds the root file system in its directory {}, and not at its top: the "
                            "initramfs finds no init there.",
                            images, root.nested),
                "Pack it from inside that directory: cd DIRECTORY && mksquashfs . FILE.");
        if (root.looks_like_root && root.readable && root.init.empty() && !own_init)
            add_error(
                findings, "root-init-missing",
                fmt::format(
                    "The root file system in {} has no /sbin/init: the initramfs has nothing to start there.",
                    images),
                "Install an init system in that root (systemd-sysv, busybox), and pack it again.");
        if (root.readable && !root.init.empty() && !root.interpreter.empty() && !root.interpreter_there)
            add_error(findings, "root-init-interpreter-missing",
                      fmt::format("{} in {} needs {}, which is missing: the kernel cannot start it.",
                                  root.init, images, root.interpreter),
                      fmt::format("Add {} to that root.", root.interpreter));
        if (root.machine)
            if (const std::string machines = foreign_kernels(facts, *root.machine); !machines.empty())
                add_error(
                    findings, "root-machine",
                    fmt::format("{} in {} is a program for {}, but the medium's kernel is for {}: it fails "
                                "with \"Exec format error\".",
                                root.init, images, describe(*root.machine), machines),
                    fmt::format("Use a root file system for {}, or a kernel for the root's architecture.",
                                machines));
        std::set<std::string> versions;
        for (const BootPath& path : paths)
            if (path.kernel && !path.kernel->image->version.empty())
                versions.insert(path.kernel->image->version);
        const bool fits = std::ranges::any_of(
            root.releases, [&versions](const std::string& release) { return versions.contains(release); });
        if (!root.releases.empty() && !versions.empty() && !fits && facts.roots.size() == 1)
            add_warning(
                findings, "root-release",
                fmt::format("The modules in {} belong to {}, but the medium's kernel is {}: after the root "
                            "is mounted, it cannot load any more modules (network, graphics).",
                            images, fmt::join(root.releases, ", "), fmt::join(versions, ", ")),
                "Install that kernel in the root and pack it again, or put the root's kernel on the medium.");
    }
}

void judge_checksums(const MediumFacts& facts, IsoFindings& findings) {
    for (const ChecksumList& list : facts.checksums) {
        if (!list.differing.empty())
            add_error(
                findings, "checksum-mismatch",
                fmt::format("The checksums in {} do not match {}, which changed after the list was written. "
                            "The medium's self-test fails.",
                            list.path, some_of(list.differing)),
                "If the change was intended, write the list again; otherwise copy or download the medium "
                "again.");
        if (!list.missing.empty())
            add_warning(
                findings, "checksum-missing-file",
                fmt::format("{} lists {}, which {} not on the medium: its self-test fails.", list.path,
                            some_of(list.missing), list.missing.size() == 1 ? "is" : "are"),
                "Write the list again.");
    }
    if (facts.implanted && facts.implanted->checked && !facts.implanted->right)
        add_error(
            findings, "implanted-md5",
            "The checksum that isomd5sum wrote into the volume descriptor does not match the image: the "
            "media check in the boot menu (rd.live.check) fails.",
            "If the image was changed on purpose, run implantisomd5 --force on it; otherwise download it "
            "again.");
}

void judge_large_files(const MediumFacts& facts, IsoFindings& findings) {
    if (!facts.large_files.empty())
        add_notice(findings, "file-over-4gib",
                   fmt::format("{} {} larger than 4 GiB, the limit of FAT: copying the files to a USB stick "
                               "fails. Writing the image itself works.",
                               some_of(facts.large_files), facts.large_files.size() == 1 ? "is" : "are"),
                   "Write the image to the stick with dd, or split the file.");
}

}  // namespace

void judge_content(const MediumFacts& facts, IsoFindings& findings) {
    const std::vector<BootPath> paths = boot_paths(facts);
    std::set<std::string> said;
    for (const InitramfsFacts& initramfs : facts.initramfs)
        judge_lz4_frame(initramfs, findings);
    for (const BootPath& path : paths) {
        judge_root_without_initramfs(path, findings, said);
        if (path.kernel) {
            judge_packed_kernel(facts, path, findings, said);
            judge_efi_kernel(facts, path, findings, said);
        }
        if (!path.kernel || !path.initramfs || !path.initramfs->image.fault.empty())
            continue;
        judge_release(path, findings, said);
        judge_initramfs_codec(facts, path, findings, said);
    }
    judge_verity(facts, findings);
    judge_squashfs_codecs(facts, findings);
    judge_erofs(facts, findings);
    judge_roots(facts, paths, findings);
    judge_checksums(facts, findings);
    judge_large_files(facts, findings);
}

}  // namespace lktest
