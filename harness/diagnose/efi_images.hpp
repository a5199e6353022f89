// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/guest_memory.hpp"

namespace lktest {

/// A driver or application that UEFI firmware has loaded.
struct EfiImage {
    std::uint64_t address = 0, size = 0;
    /// "\EFI\BOOT\BOOTAA64.EFI", "ArmCpuDxe", or the GUID of a file in the firmware's volume.
    std::string name;
};

/// The images in the order they were loaded, found through the system table, which firmware leaves where
/// a debugger finds it (EFI_SYSTEM_TABLE_POINTER, UEFI §18.4). Empty if the table is missing, for example
/// because a kernel has overwritten it.
std::vector<EfiImage> efi_images(const GuestMemory& memory);

/// The image that contains an address; null if none does.
const EfiImage* image_at(const std::vector<EfiImage>& images, std::uint64_t address);

}  // namespace lktest
