// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace lktest {

/// Whether bytes begin a firmware volume. UEFI's code and its variable store do; a BIOS does not.
/// EFI_FIRMWARE_VOLUME_HEADER.Signature (PI 1.8, volume 3, 3.2.1).
constexpr bool is_firmware_volume(std::string_view bytes) {
    return bytes.size() >= 44 && bytes.substr(40, 4) == "_FVH";
}

}  // namespace lktest
