// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// A section of a PE image.
struct PeSection {
    std::string name;           ///< ".text"; a unified kernel image has ".linux"
    std::uint64_t address = 0;  ///< where it is loaded, relative to the image
    std::uint64_t size = 0;     ///< in memory
    std::uint64_t offset = 0;   ///< in the file
    std::uint64_t stored = 0;   ///< bytes in the file

    /// Its bytes, without the padding at its end.
    ByteView content(const ByteView& file) const;
};

/// An EFI program: a PE32 or PE32+ image (Microsoft PE/COFF specification).
struct PeImage {
    std::uint16_t machine = 0;         ///< IMAGE_FILE_MACHINE_*
    std::uint16_t subsystem = 0;       ///< 10: an EFI application
    bool cut = false;                  ///< its sections reach past its end
    std::uint64_t image_size = 0;      ///< SizeOfImage: bytes that firmware reserves for it
    bool signature = false;            ///< Authenticode: it has an attribute certificate
    std::vector<std::string> signers;  ///< common names; empty if it cannot be read
    std::vector<std::string> sbat;     ///< "shim,4": component and generation (shim's SBAT.md)
    std::vector<PeSection> sections;   ///< in their order
};

std::optional<PeImage> read_pe(const ByteView& file);

/// "x86_64", "aarch64", "i386", "arm", "riscv64", "loongarch64"; the number as text for any other.
std::string pe_machine_name(std::uint16_t machine);

/// The machine that a loader's file name stands for in UEFI: "x86_64" for "BOOTX64.EFI" or
/// "grubx64.efi" (UEFI 2.10, 3.5.1.1); empty for other names.
std::string_view efi_name_machine(std::string_view file_name);

/// The signers' common names of a PKCS #7 signature in DER (Authenticode); empty if it is damaged.
std::vector<std::string> signers_of(std::string_view pkcs7);

}  // namespace lktest
