// SPDX-License-Identifier: MIT
// The directory of a boot server: what its loaders fetch next.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "builder/inspect/findings.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

void judge_pxelinux(const PxelinuxFacts& pxelinux, IsoFindings& findings) {
    if (!pxelinux.missing_modules.empty())
        add_error(findings, "pxelinux-module-missing",
                  fmt::format(
                      "{} (PXELINUX {}) needs {}, which {} not in the directory: it says \"Failed to load "
                      "{}\".",
                      pxelinux.path, pxelinux.version, some_of(pxelinux.missing_modules),
                      pxelinux.missing_modules.size() == 1 ? "is" : "are", pxelinux.missing_modules.front()),
                  "Copy the modules of the same SYSLINUX version (modules/bios) next to pxelinux.0.");
    if (!pxelinux.has_config)
        add_error(
            findings, "pxelinux-config-missing",
            fmt::format("{} reads its menu from pxelinux.cfg/default, but the directory has no pxelinux.cfg: "
                        "it stops at \"Unable to locate configuration file\".",
                        pxelinux.path),
            "Write the menu to pxelinux.cfg/default next to pxelinux.0.");
}

/// PXELINUX looks for "01-aa-bb-cc-dd-ee-ff" in small letters, and for "C0A80001" in capitals.
void judge_pxelinux_names(const MediumFacts& facts, IsoFindings& findings) {
    constexpr std::size_t mac_size = 20;
    for (const auto& [path, node] : facts.tree->nodes) {
        const std::string file(file_name_of(path));
        std::string right = lower_case(file);
        std::ranges::replace(right, ':', '-');
        const bool address = right.size() == mac_size && right.starts_with("01-") &&
                             right.find_first_not_of("0123456789abcdef-") == right.npos;
        if (!node.directory && directory_of(path).ends_with("/pxelinux.cfg") && address && right != file)
            add_error(
                findings, "pxelinux-config-name",
                fmt::format("PXELINUX does not read {}: it looks for a machine's address in small letters, "
                            "with hyphens.",
                            path),
                fmt::format("Rename it to {}.", right));
    }
}

bool has_file_named(const MediumFacts& facts, std::string_view name) {
    return facts.tree && std::ranges::any_of(facts.tree->nodes, [name](const auto& node) {
               return !node.second.directory && lower_case(file_name_of(node.first)) == name;
           });
}

/// shim fetches GRUB from the directory that it came from.
void judge_served_shim(const MediumFacts& facts, const EfiProgram& shim, IsoFindings& findings) {
    const std::string machine = shim.image ? pe_machine_name(shim.image->machine) : "";
    const std::string name = machine == "aarch64" ? "grubaa64.efi"
                             : machine == "i386"  ? "grubia32.efi"
                                                  : "grubx64.efi";
    const std::string grub =
        shim.secure && !shim.secure->second.empty() ? lower_case(shim.secure->second) : name;
    const bool found = std::ranges::any_of(facts.efi, [&](const EfiProgram& other) {
        return lower_case(directory_of(other.path)) == lower_case(directory_of(shim.path)) &&
               lower_case(file_name_of(other.path)) == grub;
    });
    // A server may have several directories as tops.
    if (!found && !has_file_named(facts, grub))
        add_error(findings, "shim-without-grub",
                  fmt::format("{} is shim, but {}, which it fetches next, is not in the directory.",
                              shim.path, grub),
                  fmt::format("Put the signed GRUB for the network next to it as {}.", grub));
}

void judge_served_grub(const MediumFacts& facts, const EfiProgram& grub, IsoFindings& findings) {
    std::string built_in = grub.grub ? grub.grub->script : "";
    if (grub.grub)
        for (const auto& [path, text] : grub.grub->memdisk)
            built_in += text;
    // It has a menu of its own, or fetches one from another server.
    const bool own_menu = std::ranges::any_of(
        std::array<std::string_view, 4>{"menuentry", "linux", "(http", "(tftp"},
        [&built_in](std::string_view word) { return built_in.find(word) != std::string::npos; });
    if (own_menu || !grub.grub || has_file_named(facts, "grub.cfg"))
        return;
    add_error(
        findings, "no-menu-entry",
        fmt::format("{} is GRUB, but the directory has no grub.cfg: GRUB stops at its prompt, \"grub>\".",
                    grub.path),
        "Write the menu to grub/grub.cfg, or next to the loader as grub.cfg.");
}

}  // namespace

void judge_netboot(const MediumFacts& facts, IsoFindings& findings) {
    if (facts.kind != MediumKind::netboot || facts.tree_damaged || !facts.tree || facts.tree->damaged)
        return;
    if (facts.pxelinux)
        judge_pxelinux(*facts.pxelinux, findings);
    if (facts.pxelinux)
        judge_pxelinux_names(facts, findings);
    for (const EfiProgram& program : facts.efi) {
        if (program.loader == EfiProgram::Loader::shim)
            judge_served_shim(facts, program, findings);
        if (program.loader == EfiProgram::Loader::grub)
            judge_served_grub(facts, program, findings);
    }
}

}  // namespace lktest
