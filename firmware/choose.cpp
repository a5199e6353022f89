// SPDX-License-Identifier: MIT
#include "firmware/choose.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

#include "firmware/volume.hpp"

namespace lktest {
namespace {

bool holds(const std::vector<std::string>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

bool runs_on(const Descriptor& descriptor, const FirmwareBuild& build, std::string_view wanted) {
    // Descriptors' patterns match full names.
    const std::string machine(!wanted.empty() ? wanted : is_pc(build.arch) ? "pc-q35-7.2" : "virt-7.2");
    for (const Descriptor::Target& target : descriptor.targets)
        if (target.architecture == build.target)
            for (const std::string& pattern : target.machines)
                if (::fnmatch(pattern.c_str(), machine.c_str(), 0) == 0)
                    return true;
    return false;
}

bool is_split_uefi(const Descriptor& descriptor) {
    return holds(descriptor.interfaces, "uefi") && descriptor.device == "flash" &&
           descriptor.mode == "split" && descriptor.code_format == descriptor.variables_format;
}

bool grants(const Descriptor& descriptor, const FirmwareBuild& build, bool secure_boot) {
    const bool enrolled = holds(descriptor.features, "enrolled-keys");
    return secure_boot ? enrolled && holds(descriptor.features, "secure-boot")
                       : !enrolled && (build.smm || !holds(descriptor.features, "requires-smm"));
}

}  // namespace

Error missing_firmware_error(const MissingFirmware& missing) {
    if (!missing.directory.empty())
        return usage_error(fmt::format("{} has no {}", missing.directory.string(), missing.what),
                           "unpack packages there with dpkg -x: ovmf (since Debian 14 ovmf-generic), "
                           "qemu-efi-aarch64");
    return host_error(
        fmt::format("{} is missing", missing.what),
        missing.package.empty() ? "" : fmt::format("install it: apt install {}", missing.package));
}

std::variant<FirmwareImages, MissingFirmware> choose_firmware(const FirmwareCatalogue& catalogue,
                                                              const FirmwareWish& wish) {
    const FirmwareRow& kind = row_of(wish.firmware);
    const FirmwareBuild* build = build_of(wish.firmware, wish.arch);
    if (!build)
        return MissingFirmware{fmt::format("{} for {}", kind.title, name(wish.arch)), ""};
    if (kind.load != FirmwareLoad::flash) {
        const auto found = catalogue.images.find({wish.firmware, wish.arch});
        if (found == catalogue.images.end())
            return MissingFirmware{std::string(build->program), std::string(build->package)};
        return FirmwareImages{.code = found->second, .variables = {}};
    }
    const bool secure_boot = kind.secure_boot;
    const Descriptor* best = nullptr;
    for (const Descriptor& candidate : catalogue.descriptors) {
        if (!is_split_uefi(candidate) || !runs_on(candidate, *build, wish.machine) ||
            !grants(candidate, *build, secure_boot))
            continue;
        const bool plain = !holds(candidate.features, "secure-boot");
        if (!best || (plain && holds(best->features, "secure-boot") && !secure_boot))
            best = &candidate;
    }
    if (!best)
        return MissingFirmware{fmt::format("{} firmware for {}{}", kind.title, name(wish.arch),
                                           secure_boot ? " with Microsoft's keys" : ""),
                               std::string(build->package), catalogue.directory};
    return FirmwareImages{.code = best->code,
                          .variables = best->variables,
                          .format = best->code_format,
                          .needs_smm = holds(best->features, "requires-smm")};
}

std::optional<std::string> firmware_mismatch(Arch arch, std::uint64_t code_size, std::uint64_t store_size,
                                             std::string_view store_header) {
    constexpr std::uint64_t mebibyte = 1 << 20;
    // AAVMF formats a blank store itself, and Debian's template is blank.
    const bool blank = !is_pc(arch) && store_header.find_first_not_of('\0') == store_header.npos;
    if (!blank && !is_firmware_volume(store_header))
        return "the variable store is not a firmware volume (no _FVH at byte 40)";
    // OVMF is one flash image split in two: both parts together are 2 or 4 MiB.
    if (is_pc(arch) && (code_size + store_size) % mebibyte != 0)
        return fmt::format("{} bytes of code and {} bytes of variables come from different builds", code_size,
                           store_size);
    // QEMU's virt machine has two flash chips of 64 MiB.
    if (!is_pc(arch) && (code_size > 64 * mebibyte || store_size > 64 * mebibyte))
        return "the image is larger than the machine's flash of 64 MiB";
    return std::nullopt;
}

}  // namespace lktest
