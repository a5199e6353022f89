// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "firmware/descriptor.hpp"
#include "firmware/kind.hpp"

namespace lktest {

/// The firmware and programs of the host that start guests.
struct FirmwareCatalogue {
    std::vector<Descriptor> descriptors;  ///< in QEMU's order; the first match is used
    /// Images of the kinds that have no descriptors.
    std::map<std::pair<Firmware, Arch>, std::filesystem::path> images;
    std::vector<Problem> warnings;      ///< skipped descriptors, and why
    std::filesystem::path directory{};  ///< of unpacked packages, as the user named it; empty for the host
};

struct FirmwareWish {
    Arch arch = Arch::x86_64;
    Firmware firmware = Firmware::uefi;
    /// The full machine name to match with the descriptors' patterns; empty for q35 or virt.
    std::string_view machine{};
};

/// The image that a machine starts with.
struct FirmwareImages {
    std::filesystem::path code;
    std::filesystem::path variables;  ///< template of the variable store; empty if it has none
    std::string format = "raw";       ///< of both files: "raw", "qcow2"
    bool needs_smm = false;
};

struct MissingFirmware {
    std::string what;                   ///< "UEFI firmware for aarch64"
    std::string package;                ///< Debian's package: "qemu-efi-aarch64"
    std::filesystem::path directory{};  ///< see FirmwareCatalogue
};

/// "error: …" with advice, for callers that need the image.
Error missing_firmware_error(const MissingFirmware& missing);

/// The image of the catalogue that satisfies the wish. Without Secure Boot an image that cannot enforce it
/// comes first, then one with an empty key store. Among equals the first descriptor wins.
std::variant<FirmwareImages, MissingFirmware> choose_firmware(const FirmwareCatalogue& catalogue,
                                                              const FirmwareWish& wish);

/// Why a code image and a variable store do not belong together; unset if they do. A 4 MiB build with the
/// store of a 2 MiB build boots, but loses what is written to the store.
/// @param store_header  the first bytes of the variable store, at least 48
std::optional<std::string> firmware_mismatch(Arch arch, std::uint64_t code_size, std::uint64_t store_size,
                                             std::string_view store_header);

}  // namespace lktest
