// SPDX-License-Identifier: MIT
// Files that kernel parameters name, and that no family of live systems has to itself.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "builder/inspect/boot_paths.hpp"
#include "builder/inspect/findings.hpp"
#include "builder/inspect/kernel_support.hpp"
#include "builder/inspect/live_family.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// Parameters for an ISO that lies as a file on another medium: live-boot's, then casper's and dracut's.
constexpr std::array<std::string_view, 2> iso_file_parameters{"findiso", "iso-scan/filename"};

/// On its own medium the ISO does not contain itself.
void judge_iso_file(const MediumFacts& facts, const BootPath& path, std::set<std::string>& said,
                    IsoFindings& findings) {
    for (const std::string_view name : iso_file_parameters) {
        const std::string file = parameter(path.entry->said.command_line, name);
        if (!file.starts_with('/') || file.find('$') != std::string::npos ||
            facts.tree->find(normal_path(file)) || !said.insert(path.place + file).second)
            continue;
        add_error(
            findings, "iso-file-missing",
            fmt::format("{} says '{}={}', which makes the initramfs look for that ISO file on the disks. "
                        "The medium does not have it, so the boot stops there.",
                        describe(path), name, file),
            fmt::format("Remove the parameter, or write {}=${{iso_path}} in grub.cfg: it is empty unless the "
                        "ISO is started from a file.",
                        name));
    }
}

/// Alpine's /init mounts it.
void judge_modloop(const MediumFacts& facts, const BootPath& path, std::set<std::string>& said,
                   IsoFindings& findings) {
    const std::string file = parameter(path.entry->said.command_line, "modloop");
    const bool known = path.initramfs && generator_of(path.initramfs->image) == "mkinitfs";  // judged there
    if (known || !file.starts_with('/') || file.find('$') != std::string::npos ||
        facts.tree->find(normal_path(file)) || !said.insert("modloop " + file).second)
        return;
    add_error(
        findings, "live-image-missing",
        fmt::format("{} says 'modloop={}', but the medium has no such file: the system starts without its "
                    "kernel modules.",
                    describe(path), file),
        "Correct the path, or add the modloop.");
}

/// Scripts of initramfs-tools and dracut try other programs after this one; others give up.
void judge_init_parameter(const MediumFacts& facts, const BootPath& path, std::set<std::string>& said,
                          IsoFindings& findings) {
    const std::string init = parameter(path.entry->said.command_line, "init");
    if (facts.roots.size() != 1 || init.empty())
        return;
    const RootFacts& root = facts.roots.front();
    if (!root.looks_like_root || !root.readable ||
        std::ranges::find(root.absent, init) == root.absent.end() || !said.insert("init " + init).second)
        return;
    const std::string_view generator = path.initramfs ? generator_of(path.initramfs->image) : "";
    const bool tries_others = (generator == "initramfs-tools" || generator == "dracut") && !root.init.empty();
    (tries_others ? add_warning : add_error)(
        findings, "root-init-parameter",
        fmt::format("{} says 'init={}', but the root file system in {} does not have that program{}",
                    describe(path), init, some_of(root.images),
                    tries_others ? fmt::format(": the initramfs complains and starts {} instead.", root.init)
                                 : ": nothing is started after the initramfs."),
        fmt::format("Remove the parameter, or install {} in that root.", init));
}

/// Without this option the kernel ignores every initramfs.
void judge_initrd_option(const MediumFacts& facts, const BootPath& path, std::set<std::string>& said,
                         IsoFindings& findings) {
    if (!path.kernel || path.entry->initrds.empty() || !said.insert("option " + path.kernel->path).second)
        return;
    const KernelFeature initrd{"an initramfs", "", "CONFIG_BLK_DEV_INITRD"};
    if (const std::string why = refusal(facts, *path.kernel->image, initrd); !why.empty())
        add_error(
            findings, "initramfs-unsupported",
            fmt::format("{} loads an initramfs, but {}: the kernel ignores it, and panics with \"Unable to "
                        "mount root fs\".",
                        describe(path), why),
            "Build the kernel with CONFIG_BLK_DEV_INITRD=y.");
}

}  // namespace

void judge_named_paths(const MediumFacts& facts, IsoFindings& findings) {
    if (!facts.tree)
        return;
    std::set<std::string> said;
    for (const BootPath& path : boot_paths(facts)) {
        if (facts.kind != MediumKind::netboot) {
            judge_iso_file(facts, path, said, findings);
            judge_modloop(facts, path, said, findings);
        }
        judge_init_parameter(facts, path, said, findings);
        judge_initrd_option(facts, path, said, findings);
    }
}

}  // namespace lktest
