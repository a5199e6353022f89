// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "builder/inspect/findings.hpp"
#include "builder/inspect/loader_conf.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

std::string place_of(const UkiFacts& uki) {
    return uki.path + (uki.in_esp ? " in the ESP" : "");
}

/// A menu entry may pass another command line, but only without Secure Boot.
bool has_entry_with_options(const MediumFacts& facts, const UkiFacts& uki) {
    return std::ranges::any_of(facts.configs, [&uki](const ConfigFacts& config) {
        return config.said.loader != BootLoader::unified_kernel &&
               std::ranges::any_of(config.said.entries, [&uki](const BootEntry& entry) {
                   return lower_case(normal_path("/" + entry.kernel.path)) == lower_case(uki.path) &&
                          !entry.command_line.empty();
               });
    });
}

void judge_sections(const UkiFacts& uki, IsoFindings& findings) {
    const std::string place = place_of(uki);
    if (!uki.image.outside.empty())
        add_error(findings, "uki-cut",
                  fmt::format("The unified kernel image {} is cut off: {} reach{} beyond its end.", place,
                              some_of(uki.image.outside), uki.image.outside.size() == 1 ? "es" : ""),
                  "Copy it again, and check that the EFI system partition is not full.");
    if (!uki.image.overlapping.empty())
        add_error(
            findings, "uki-overlap",
            fmt::format("In the unified kernel image {}, {} overlap: one overwrites the other when it is "
                        "loaded.",
                        place, some_of(uki.image.overlapping)),
            "Make it with ukify, which computes the addresses, instead of objcopy with fixed ones.");
    if (!uki.image.unloaded.empty())
        add_error(findings, "uki-image-size",
                  fmt::format("The header of the unified kernel image {} reserves less memory than its "
                              "sections need ({} reach{} beyond it): firmware refuses to load it.",
                              place, some_of(uki.image.unloaded), uki.image.unloaded.size() == 1 ? "es" : ""),
                  "Make it with ukify. objcopy needs addresses above the stub's image base.");
    if (!uki.image.twice.empty())
        add_warning(findings, "uki-section-twice",
                    fmt::format("The unified kernel image {} has more than one {}: only the first is used.",
                                place, some_of(uki.image.twice)),
                    "Make it again with one section of each kind for each profile.");
}

/// systemd-boot's version 255 and others list only files with this section.
void judge_os_release(const UkiFacts& uki, IsoFindings& findings) {
    if (uki.image.has_os_release || lower_case(directory_of(uki.path)) != "/efi/linux")
        return;
    add_error(findings, "uki-no-os-release",
              fmt::format("The unified kernel image {} has no .osrel: systemd-boot does not list it.",
                          place_of(uki)),
              "Make it with ukify --os-release=@/etc/os-release.");
}

void judge_addons(const UkiFacts& uki, IsoFindings& findings) {
    for (const UkiAddon& addon : uki.addons)
        if (addon.machine != uki.machine)
            add_warning(findings, "uki-addon-machine",
                        fmt::format("The add-on {} is for {}, but {} is for {}: its stub ignores it.",
                                    addon.path, addon.machine, place_of(uki), uki.machine),
                        "Make the add-on with the stub for that architecture (ukify --efi-arch).");
    const auto tries = tries_left(file_name_of(uki.path));
    if (tries == 0U && lower_case(directory_of(uki.path)) == "/efi/linux")
        judge_tries(place_of(uki), findings);
}

void judge_profile(const MediumFacts& facts, const UkiFacts& uki, const UkiProfile& profile,
                   IsoFindings& findings) {
    const std::string place =
        place_of(uki) + (profile.title.empty() ? "" : fmt::format(" (profile '{}')", profile.title));
    const bool empty = !profile.command_line || profile.command_line->empty();
    if (empty && !has_entry_with_options(facts, uki))
        add_warning(
            findings, "uki-no-cmdline",
            fmt::format("The unified kernel image {} has {}, and its menu entries do not pass a command "
                        "line: the kernel starts without console= and root=.",
                        place, profile.command_line ? "an empty .cmdline" : "no .cmdline"),
            "Make it with ukify --cmdline=\"…\" or --cmdline=@FILE, and check that FILE is not empty.");
    if (profile.initrds.empty())
        add_warning(
            findings, "uki-no-initrd",
            fmt::format("The unified kernel image {} has no initramfs (.initrd): the kernel mounts root= "
                        "itself, which works only for a partition, or if an initramfs is built in.",
                        place),
            "Make it with ukify --initrd=FILE.");
    const auto kernel = std::ranges::find_if(
        facts.kernels, [&uki](const KernelFacts& one) { return one.path == uki.path + ":.linux"; });
    if (kernel == facts.kernels.end() || !kernel->image)
        return;
    if (!profile.uname.empty() && !kernel->image->version.empty() && profile.uname != kernel->image->version)
        add_warning(findings, "uki-uname",
                    fmt::format("The unified kernel image {} says {} in .uname, but its kernel is {}: menus "
                                "show the wrong version.",
                                place, profile.uname, kernel->image->version),
                    "Make it again with ukify, which reads the version from the kernel.");
    if (!kernel->image->machine.empty() && kernel->image->machine != uki.machine)
        add_error(findings, "uki-machine",
                  fmt::format("The stub of {} is for {}, but its kernel is for {}: the stub cannot start it.",
                              place, uki.machine, kernel->image->machine),
                  "Make it with the stub for the kernel's architecture (ukify --stub, --efi-arch).");
}

}  // namespace

void judge_ukis(const MediumFacts& facts, IsoFindings& findings) {
    for (const UkiFacts& uki : facts.ukis) {
        judge_sections(uki, findings);
        judge_addons(uki, findings);
        judge_os_release(uki, findings);
        for (const UkiProfile& profile : uki.image.profiles)
            judge_profile(facts, uki, profile, findings);
    }
}

}  // namespace lktest
