// SPDX-License-Identifier: MIT
#include "builder/inspect/iso_sector.hpp"
#include "harness/machine/medium_copy.hpp"

namespace lktest {
namespace {

/// Volume descriptors begin with the 16th sector (ECMA-119, 6.7.1). No medium has as many as 64.
constexpr std::uint64_t first_descriptor = 16, last_descriptor = 80;

/// The offset of the certificate table's entry from a PE header's start. 0 if it is not a 64-bit UEFI
/// application or has no signature (PE/COFF, 3.4; the fifth data directory).
std::uint64_t certificate_entry(std::string_view head) {
    constexpr std::uint16_t pe32_plus = 0x20b, efi_application = 10;
    constexpr std::size_t optional_header = 24, subsystem = optional_header + 68,
                          directories = optional_header + 112, certificates = directories + 32;
    if (!has_text(head, 0, std::string_view("PE\0\0", 4)) || le16(head, optional_header) != pe32_plus ||
        le16(head, subsystem) != efi_application || le32(head, certificates + 4) == 0)
        return 0;
    return certificates;
}

}  // namespace

std::vector<Patch> without_el_torito(const ByteView& iso) {
    // El Torito 1.0, figure 7: type 0, "CD001", version 1, "EL TORITO SPECIFICATION".
    constexpr std::string_view boot_record("\0CD001\1EL TORITO SPECIFICATION", 30);
    std::vector<Patch> patches;
    for (std::uint64_t number = first_descriptor; number < last_descriptor; ++number) {
        const std::string descriptor = iso.read(number * iso_sector, iso_sector);
        if (!has_text(descriptor, 1, "CD001") || u8(descriptor, 0) == 0xff)
            break;
        if (descriptor.starts_with(boot_record)) {
            std::string hidden = descriptor;
            hidden.replace(7, 9, "NOT A ONE");
            patches.push_back({number * iso_sector, hidden});
        }
    }
    return patches;
}

std::vector<Patch> without_signatures(const ByteView& iso) {
    // Files begin on a sector of the ISO or of the FAT in it.
    constexpr std::uint64_t step = 512, piece = std::uint64_t{1} << 20;
    std::vector<Patch> patches;
    for (std::uint64_t begin = 0; begin < iso.size(); begin += piece) {
        const std::string bytes = iso.read(begin, piece);
        for (std::size_t at = 0; at + 64 <= bytes.size(); at += step) {
            if (!has_text(bytes, at, "MZ"))
                continue;
            const std::uint64_t header = begin + at + le32(bytes, at + 0x3c);
            const std::uint64_t entry = certificate_entry(iso.read(header, 512));
            if (entry != 0)
                patches.push_back({header + entry, std::string(8, '\0')});
        }
    }
    return patches;
}

}  // namespace lktest
