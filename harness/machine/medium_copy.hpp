// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// Bytes in which a copy differs from the medium.
struct Patch {
    std::uint64_t offset = 0;
    std::string bytes;
};

/// Hides the boot record of El Torito. Firmware also looks for it on disks, and QEMU's UEFI prefers it to
/// partitions, so it would never try a stick's EFI system partition.
std::vector<Patch> without_el_torito(const ByteView& iso);

/// Removes the signatures of all UEFI programs on a medium (PE/COFF, the certificate table's entry of the
/// data directories).
std::vector<Patch> without_signatures(const ByteView& iso);

/// Creates a copy that has the patches and shares everything else with the image (qcow2 with a backing file).
/// Throws a host Error if qemu-img or qemu-io fails.
void make_medium_copy(const std::filesystem::path& image, std::span<const Patch> patches,
                      const std::filesystem::path& copy);

}  // namespace lktest
