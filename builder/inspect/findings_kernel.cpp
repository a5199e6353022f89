// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "builder/inspect/findings.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// The machine of the kernel that loads an initramfs; empty if unknown.
std::string machine_of(const MediumFacts& facts, const InitramfsFacts& initramfs) {
    for (const ConfigFacts& config : facts.configs)
        for (const EntryFacts& entry : config.entries) {
            std::vector<std::string> paths = entry.initrds;
            std::erase(paths, "");
            if (const std::string machine = kernel_machine(facts, entry.kernel);
                paths == initramfs.paths && !machine.empty())
                return machine;
        }
    return {};
}

/// e_machine of the programs for a kernel of this machine; 0 if unknown.
std::uint16_t elf_machine_for(std::string_view machine) {
    if (const auto arch = arch_from_name(machine))
        return elf_machine(*arch);
    return machine == "i386" ? 3 : 0;
}

void judge_elfs(const InitramfsFacts& initramfs, const std::string& path, const std::string& machine,
                IsoFindings& findings) {
    constexpr std::uint16_t i386 = 3;
    const std::uint16_t right = elf_machine_for(machine);
    for (const ElfGroup& group : initramfs.image.machines) {
        if (right == 0 || group.machine.machine == right)
            continue;
        const std::string what = fmt::format("{} has {} {} program{} ({}), but its kernel is for {}", path,
                                             group.count, describe(group.machine),
                                             group.count == 1 ? "" : "s", some_of(group.examples), machine);
        const std::string fix = fmt::format("Use these programs from a package for {}.", machine);
        if (group.machine.machine == i386 && machine == "x86_64")
            add_warning(findings, "initramfs-elf-machine",
                        what + ": they run only where the kernel has CONFIG_IA32_EMULATION.", fix);
        else
            add_error(findings, "initramfs-elf-machine",
                      what + ": they fail with \"Exec format error\", and as /init with error -8.", fix);
    }
}

/// What rdinit= says in the first entry that loads the initramfs; empty if it does not say it.
std::string rdinit_for(const MediumFacts& facts, const InitramfsFacts& initramfs) {
    for (const ConfigFacts& config : facts.configs)
        for (const EntryFacts& entry : config.entries) {
            std::vector<std::string> paths = entry.initrds;
            std::erase(paths, "");
            if (paths == initramfs.paths)
                return parameter(entry.said.command_line, "rdinit");
        }
    return {};
}

void judge_init(const MediumFacts& facts, const InitramfsFacts& initramfs, const std::string& path,
                IsoFindings& findings) {
    const std::string rdinit = initramfs.image.init ? "" : rdinit_for(facts, initramfs);
    if (!rdinit.empty() && rdinit != "/init") {
        add_error(
            findings, "init-missing",
            fmt::format("The command line says rdinit={}, which is not in {}: the kernel ignores the "
                        "initramfs and looks for root=, which ends in a panic.",
                        rdinit, path),
            fmt::format("Name a program of the initramfs (rdinit=/init is the default), or add {}.", rdinit));
        return;
    }
    if (!initramfs.image.init) {
        add_error(
            findings, "init-missing",
            fmt::format("{} has no /init: the kernel ignores it and looks for root=, which ends in a "
                        "panic.",
                        path),
            "Put an executable /init into the initramfs, and create the archive from inside its directory.");
        return;
    }
    const InitProgram& init = *initramfs.image.init;
    if (!init.executable)
        add_error(
            findings, "init-not-executable",
            fmt::format("{} in {} is not executable: the kernel says \"Failed to execute {} (error -13)\".",
                        init.path, path, init.path),
            fmt::format("chmod 755 {}", init.path));
    if (init.carriage_return)
        add_error(
            findings, "init-carriage-return",
            fmt::format("The first line of {} in {} ends in a carriage return, which becomes part of the "
                        "interpreter's name.",
                        init.path, path),
            "Save the script with Unix line endings (dos2unix).");
    else if (!init.interpreter_there)
        add_error(
            findings, "init-interpreter-missing",
            fmt::format(
                "{} in {} needs {}, which is missing: the kernel says \"Failed to execute {} (error -2)\".",
                init.path, path, init.interpreter, init.path),
            fmt::format("Put {} into the initramfs, or link {} statically.", init.interpreter, init.path));
    else if (!init.interpreter_executable)
        add_error(
            findings, "init-interpreter-not-executable",
            fmt::format("{}, which {} in {} needs, is not executable: the kernel says \"Failed to execute "
                        "{} (error -13)\".",
                        init.interpreter, init.path, path, init.path),
            fmt::format("chmod 755 {}", init.interpreter));
}

struct Needed {
    std::string_view module, option;
};
/// The modules by which an initramfs finds a live medium, mounts it and makes it writable.
constexpr std::array needed_modules{
    Needed{"squashfs", "CONFIG_SQUASHFS"},
    Needed{"overlay", "CONFIG_OVERLAY_FS"},
    Needed{"loop", "CONFIG_BLK_DEV_LOOP"},
    Needed{"isofs", "CONFIG_ISO9660_FS"},
};

/// An initramfs without modules may belong to a kernel that has everything built in.
void judge_modules(const MediumFacts& facts, const InitramfsFacts& initramfs, const std::string& path,
                   IsoFindings& findings) {
    const bool live = std::ranges::any_of(
        facts.layers, [](const LayerFacts& layer) { return layer.super && !layer.partition; });
    if (!live || !initramfs.image.has_modules)
        return;
    std::vector<std::string> missing, options;
    for (const Needed& needed : needed_modules)
        if (!initramfs.image.modules.contains(std::string(needed.module)) &&
            (needed.module != "isofs" || facts.kind == MediumKind::iso)) {
            missing.emplace_back(needed.module);
            options.push_back(fmt::format("{}=y", needed.option));
        }
    if (missing.empty())
        return;
    const std::string fix = fmt::format("Add the modules to the initramfs, or build the kernel with {}.",
                                        fmt::join(options, ", "));
    if (initramfs.image.knows_builtin)
        add_error(findings, "initramfs-module-missing",
                  fmt::format("{} lacks the module{} {}, and the kernel does not have {} built in: the live "
                              "system cannot be mounted.",
                              path, missing.size() == 1 ? "" : "s", some_of(missing),
                              missing.size() == 1 ? "it" : "them"),
                  fix);
    else
        add_warning(findings, "initramfs-module-missing",
                    fmt::format("{} lacks the module{} {}: the live system cannot be mounted unless the "
                                "kernel has {} built in.",
                                path, missing.size() == 1 ? "" : "s", some_of(missing),
                                missing.size() == 1 ? "it" : "them"),
                    fix);
}

std::string_view removable_name(std::string_view machine) {
    return machine == "aarch64" ? "BOOTAA64.EFI" : machine == "i386" ? "BOOTIA32.EFI" : "BOOTX64.EFI";
}

/// Either the kernel or the loader has the wrong architecture; the initramfs decides which.
void judge_kernel_machine(const MediumFacts& facts, const KernelFacts& kernel,
                          const std::set<std::string>& machines, IsoFindings& findings) {
    const std::string& machine = kernel.image->machine;
    const std::uint16_t elf = elf_machine_for(machine);
    bool same = false, others = false;
    for (const InitramfsFacts& initramfs : facts.initramfs)
        for (const ElfGroup& group : initramfs.image.machines) {
            same |= group.machine.machine == elf;
            others |= group.machine.machine != elf;
        }
    const bool loader_is_odd = same && !others;
    add_error(findings, "kernel-machine",
              fmt::format("{} is a kernel for {}, but this medium's boot loaders are for {}.{}", kernel.path,
                          machine, fmt::join(machines, ", "),
                          loader_is_odd ? fmt::format(" Its initramfs is for {}, too.", machine) : ""),
              loader_is_odd ? fmt::format("Put the boot loader for {} into the ESP, as /EFI/BOOT/{}.",
                                          machine, removable_name(machine))
                            : "Replace it with a kernel for the loader's architecture.");
}

}  // namespace

void judge_kernels(const MediumFacts& facts, IsoFindings& findings) {
    const auto machines = startable_machines(facts);
    for (const KernelFacts& kernel : facts.kernels) {
        BootEntry entry;
        entry.kernel.path = kernel.path;
        if (is_tool(entry))
            continue;
        if (!kernel.image) {
            add_error(findings, "kernel-unrecognised",
                      kernel.size == 0
                          ? fmt::format("{} is loaded as a kernel, but is empty.", kernel.path)
                          : fmt::format("{} is loaded as a kernel, but is not one for x86 or aarch64.",
                                        kernel.path),
                      kernel.size == 0 ? "Copy the kernel again; was the file system full?"
                                       : "Replace it with the kernel's boot image (bzImage, arm64's Image).");
            continue;
        }
        if (kernel.image->cut)
            add_error(findings, "kernel-cut", fmt::format("{} is shorter than its header says.", kernel.path),
                      "Copy the kernel again.");
        if (!kernel.image->damage.empty())
            add_error(findings, "kernel-damaged",
                      fmt::format("{} is damaged: its compressed part does not unpack ({}).", kernel.path,
                                  kernel.image->damage),
                      "Copy the kernel again; compare its checksum with its package's.");
        // Every CPU supports 4 KiB pages.
        if (const std::uint64_t kibibytes = kernel.image->page_size >> 10; kibibytes > 4)
            add_notice(
                findings, "kernel-page-size",
                fmt::format("{} uses {} KiB pages. On a CPU without them, such as {}, it stops before it "
                            "prints anything, or its EFI stub refuses to start.",
                            kernel.path, kibibytes, kibibytes == 16 ? "Cortex-A72" : "Apple's"),
                "Use a kernel with 4 KiB pages if the medium is for any machine.");
        if (!machines.empty() && !kernel.image->machine.empty() && !machines.contains(kernel.image->machine))
            judge_kernel_machine(facts, kernel, machines, findings);
    }
}

void judge_initramfs(const MediumFacts& facts, IsoFindings& findings) {
    for (const InitramfsFacts& initramfs : facts.initramfs) {
        const std::string path = fmt::format("{}", fmt::join(initramfs.paths, " + "));
        const InitramfsImage& image = initramfs.image;
        if (initramfs.size == 0) {
            add_error(findings, "initramfs-unreadable",
                      fmt::format("{} is empty: the kernel starts without an initramfs.", path),
                      "Make or copy it again; was the disk full when it was made?");
            continue;
        }
        if (image.xz_crc64)
            add_error(
                findings, "initramfs-xz-check",
                fmt::format(
                    "{} uses an xz check that Linux does not support: \"Initramfs unpacking failed\".", path),
                "Compress it with xz --check=crc32.");
        if (!image.fault.empty()) {
            add_error(findings, "initramfs-unreadable",
                      fmt::format("{} cannot be unpacked: {}.", path, image.fault),
                      image.remedy.empty() ? "Make or copy it again." : image.remedy);
            continue;
        }
        if (image.segments.empty() || image.segments.back() == "lzo")
            continue;  // it was not examined
        judge_elfs(initramfs, path, machine_of(facts, initramfs), findings);
        judge_init(facts, initramfs, path, findings);
        judge_modules(facts, initramfs, path, findings);
    }
}

void judge_layers(const MediumFacts& facts, IsoFindings& findings) {
    for (const LayerFacts& layer : facts.layers) {
        const std::string fault = layer.super ? layer.super->fault : "it does not begin with \"hsqs\"";
        if (!fault.empty())
            add_error(findings, "squashfs-corrupt",
                      fmt::format("{} is not a SquashFS that Linux can mount: {}.", layer.path, fault),
                      "Make it again with mksquashfs or lktest build.");
        else if (layer.super->used > layer.size)
            add_error(findings, "squashfs-truncated",
                      fmt::format("{} should have {} bytes according to its superblock, but has {}: mounting "
                                  "it fails with \"Invalid argument\".",
                                  layer.path, layer.super->used, layer.size),
                      "Copy it again, and check that the disk was not full when it was made.");
    }
}

}  // namespace lktest
