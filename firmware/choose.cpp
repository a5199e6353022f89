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

/// The full name of our machine type for UEFI guests, which descriptors' patterns must match.
constexpr std::string_view machine_name(Arch arch) {
    return arch == Arch::x86_64 ? "pc-q35-7.2" : "virt-7.2";
}

bool runs_on(const Descriptor& descriptor, const FirmwareWish& wish) {
    const std::string machine(wish.machine.empty() ? machine_name(wish.arch) : wish.machine);
    for (const Descriptor::Target& target : descriptor.targets)
        if (target.architecture == name(wish.arch))
            for (const std::string& pattern : target.machines)
                if (::fnmatch(pattern.c_str(), machine.c_str(), 0) == 0)
                    return true;
    return false;
}

bool is_split_uefi(const Descriptor& descriptor) {
    return holds(descriptor.interfaces, "uefi") && descriptor.device == "flash" &&
           descriptor.mode == "split" && descriptor.code_format == descriptor.variables_format;
}

bool grants(const Descriptor& descriptor, bool secure_boot) {
    const bool enrolled = holds(descriptor.features, "enrolled-keys");
    return secure_boot ? enrolled && holds(descriptor.features, "secure-boot")
                       : !enrolled && !holds(descriptor.features, "requires-smm");
}

}  // namespace

Error missing_firmware_error(const MissingFirmware& missing) {
    return host_error(fmt::format("{} is missing", missing.what),
                      fmt::format("install it: apt install {}", missing.package));
}

std::variant<FirmwareImages, MissingFirmware> choose_firmware(const FirmwareCatalogue& catalogue,
                                                              const FirmwareWish& wish) {
    if (wish.firmware == Firmware::bios) {
        if (catalogue.seabios.empty())
            return MissingFirmware{"SeaBIOS", "seabios"};
        return FirmwareImages{.code = catalogue.seabios, .variables = {}};
    }
    const bool secure_boot = wish.firmware == Firmware::uefi_secure;
    const Descriptor* best = nullptr;
    for (const Descriptor& candidate : catalogue.descriptors) {
        if (!is_split_uefi(candidate) || !runs_on(candidate, wish) || !grants(candidate, secure_boot))
            continue;
        const bool plain = !holds(candidate.features, "secure-boot");
        if (!best || (plain && holds(best->features, "secure-boot") && !secure_boot))
            best = &candidate;
    }
    if (!best)
        return MissingFirmware{fmt::format("UEFI firmware for {}{}", name(wish.arch),
                                           secure_boot ? " with Secure Boot and Microsoft's keys" : ""),
                               wish.arch == Arch::x86_64 ? "ovmf" : "qemu-efi-aarch64"};
    return FirmwareImages{.code = best->code,
                          .variables = best->variables,
                          .format = best->code_format,
                          .needs_smm = holds(best->features, "requires-smm")};
}

std::optional<std::string> firmware_mismatch(Arch arch, std::uint64_t code_size, std::uint64_t store_size,
                                             std::string_view store_header) {
    constexpr std::uint64_t mebibyte = 1 << 20;
    // AAVMF formats a blank store itself, and Debian's template is blank.
    const bool blank = arch == Arch::aarch64 && store_header.find_first_not_of('\0') == store_header.npos;
    if (!blank && !is_firmware_volume(store_header))
        return "the variable store is not a firmware volume (no _FVH at byte 40)";
    // OVMF is one flash image split in two: both parts together are 2 or 4 MiB.
    if (arch == Arch::x86_64 && (code_size + store_size) % mebibyte != 0)
        return fmt::format("{} bytes of code and {} bytes of variables come from different builds", code_size,
                           store_size);
    // QEMU's virt machine has two flash chips of 64 MiB.
    if (arch == Arch::aarch64 && (code_size > 64 * mebibyte || store_size > 64 * mebibyte))
        return "the image is larger than the machine's flash of 64 MiB";
    return std::nullopt;
}

}  // namespace lktest
