// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace lktest {

/// Converts a "flattened" dump, to which QEMU only appends (makedumpfile's README), to kdump's format by
/// moving each piece to its offset. Ignores other files, and files that this process may not read, such as a
/// daemon's. Throws a host Error if a piece is missing or the disk is full.
void unflatten_core(const std::filesystem::path& file);

/// struct new_utsname: six names of 65 bytes each.
inline constexpr std::size_t utsname_size = 6UL * 65;

/// A kernel's description of itself in memory.
struct KernelOfCore {
    std::string vmcoreinfo;
    std::string utsname;  ///< utsname_size bytes, or fewer if unknown
    std::optional<std::uint64_t>
        phys_base;  ///< x86_64: physical address of virtual address 0xffffffff80000000
};

/// Adds this to a file in kdump's format. crash, drgn and makedumpfile need it, and QEMU does not know it.
/// Ignores other files, and files that this process may not read.
void describe_core(const std::filesystem::path& file, const KernelOfCore& kernel);

}  // namespace lktest
