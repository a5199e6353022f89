// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// Bytes that a copy of a medium has where the medium itself has others.
struct Patch {
    std::uint64_t offset = 0;
    std::string bytes;
};

/// Hides the boot record of El Torito. Firmware looks for one on disks too, and QEMU's UEFI takes it
/// before the partitions: then the EFI system partition of a stick is never tried.
std::vector<Patch> without_el_torito(const ByteView& iso);

/// Takes the signatures from the UEFI programs of a medium (PE/COFF, the certificate table's entry of
/// the data directories), wherever they lie.
std::vector<Patch> without_signatures(const ByteView& iso);

/// Makes a copy that has the patches and shares all else with the image (qcow2, with the image behind it).
/// Throws a host Error when qemu-img or qemu-io cannot.
void make_medium_copy(const std::filesystem::path& image, std::span<const Patch> patches,
                      const std::filesystem::path& copy);

}  // namespace lktest
