// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// One image that firmware can start (El Torito 1.0, 2.2 and 2.4).
struct BootImage {
    std::uint8_t platform = 0;   ///< 0: 80x86, 0xEF: EFI
    bool bootable = false;       ///< the boot indicator is 0x88
    std::uint8_t emulation = 0;  ///< 0 without emulation
    std::uint64_t offset = 0;    ///< in the ISO, bytes
    std::uint64_t size = 0;      ///< bytes that firmware loads; often wrong in UEFI entries
};

inline constexpr std::uint8_t bios_platform = 0, efi_platform = 0xEF;

struct BootCatalogue {
    bool valid = false;  ///< the validation entry's key and checksum are right (El Torito 2.1)
    std::vector<BootImage> images;
};

/// Unset if the ISO does not have an El Torito boot record.
std::optional<BootCatalogue> read_boot_catalogue(const ByteView& iso);

}  // namespace lktest
