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

/// Gentoo's genkernel mounts this file of the medium.
void judge_loop_file(const MediumFacts& facts, const BootPath& path, std::set<std::string>& said,
                     IsoFindings& findings) {
    const std::string& line = path.entry->said.command_line;
    const std::string file = parameter(line, "loop");
    if (!has_parameter(line, "cdroot") || !file.starts_with('/') || file.find('$') != file.npos ||
        facts.tree->find(normal_path(file)) || !said.insert("loop " + file).second)
        return;
    add_error(
        findings, "live-image-missing",
        fmt::format("{} says 'loop={}', but the medium has no such file: the initramfs cannot mount the "
                    "live system.",
                    describe(path), file),
        "Correct the path, or add the image.");
}

/// grml accepts only a medium with the same text in /conf/bootid.txt.
void judge_boot_id(const MediumFacts& facts, const BootPath& path, std::set<std::string>& said,
                   IsoFindings& findings) {
    constexpr std::size_t id_limit = 256;
    const std::string wanted = parameter(path.entry->said.command_line, "bootid");
    const IsoNode* file = facts.tree->find("/conf/bootid.txt");
    if (wanted.empty() || wanted.find('$') != wanted.npos || !file || file->directory)
        return;
    std::string there = file->content.read(0, id_limit);
    there.resize(std::min(there.find_first_of("\r\n"), there.size()));
    if (there != wanted && said.insert("bootid " + wanted).second)
        add_error(findings, "live-uuid-mismatch",
                  fmt::format("{} says 'bootid={}', but /conf/bootid.txt has '{}': the initramfs takes the "
                              "medium for another one, and does not use it.",
                              describe(path), wanted, there),
                  fmt::format("Write bootid={} there.", there));
}

/// live-boot stacks the images that NAME.module lists, "filesystem.module" without module=.
void judge_module_list(const MediumFacts& facts, const BootPath& path, std::set<std::string>& said,
                       IsoFindings& findings) {
    constexpr std::size_t list_limit = 64 << 10;
    const std::string& line = path.entry->said.command_line;
    if (parameter(line, "boot") != "live" || !path.entry->said.certain)
        return;
    const std::string module = parameter(line, "module"), place = parameter(line, "live-media-path");
    const std::string directory = normal_path("/" + (place.empty() ? "live" : place));
    for (const char* prefix : {"filesystem.", ""}) {
        const std::string list =
            fmt::format("{}/{}{}.module", directory, prefix, module.empty() ? "filesystem" : module);
        const IsoNode* file = facts.tree->find(list);
        if (!file || file->directory)
            continue;
        std::vector<std::string> missing;
        std::string text = file->content.read(0, list_limit);
        std::ranges::replace(text, '\n', ' ');
        for (const std::string_view name : words_of(text))
            if (const std::string image = normal_path(directory + "/" + std::string(name));
                !facts.tree->find(image))
                missing.push_back(image);
        if (!missing.empty() && said.insert("modules " + list).second)
            add_error(findings, "live-image-missing",
                      fmt::format("{} lists {}, which {} not on the medium: live-boot cannot mount {}.", list,
                                  some_of(missing), missing.size() == 1 ? "is" : "are",
                                  missing.size() == 1 ? "it" : "them"),
                      "Correct the list, or add the image.");
        return;
    }
}

/// NixOS mounts its store from this file of the ISO.
void judge_nix_store(const MediumFacts& facts, const BootPath& path, std::set<std::string>& said,
                     IsoFindings& findings) {
    const std::string init = parameter(path.entry->said.command_line, "init");
    if (facts.kind != MediumKind::iso || !init.starts_with("/nix/store/") || !path.initramfs)
        return;
    const auto has_store = [](std::string_view file) { return file_name_of(file).starts_with("nix-store."); };
    const bool there = facts.tree->find("/nix/store") ||
                       std::ranges::any_of(path.initramfs->image.paths, has_store) ||
                       std::ranges::any_of(facts.tree->nodes,
                                           [&has_store](const auto& node) { return has_store(node.first); });
    if (!there && said.insert("nix store").second)
        add_error(findings, "live-image-missing",
                  fmt::format("{} starts NixOS from {}, but the medium has no /nix-store.squashfs: its first "
                              "stage cannot mount the store.",
                              describe(path), init),
                  "Put nix-store.squashfs at the top of the ISO.");
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
    if (root.nix_store && root.readable && init.starts_with("/nix/store/") &&
        std::ranges::find(root.absent, init) != root.absent.end() && said.insert("init " + init).second) {
        add_error(findings, "root-init-parameter",
                  fmt::format("{} says 'init={}', but {} does not have that path: NixOS' first stage says "
                              "\"stage 2 init script not found\".",
                              describe(path), init, some_of(root.images)),
                  "Make the menu and the store from the same build of the system.");
        return;
    }
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
            judge_loop_file(facts, path, said, findings);
            judge_boot_id(facts, path, said, findings);
            judge_module_list(facts, path, said, findings);
            judge_nix_store(facts, path, said, findings);
        }
        judge_init_parameter(facts, path, said, findings);
        judge_initrd_option(facts, path, said, findings);
    }
}

}  // namespace lktest
