// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace lktest {

/// Makes of a dump as QEMU writes it, to which more is only ever appended ("flattened": makedumpfile's
/// README), the file of kdump's format: each piece at its offset. Leaves alone what is
/// none, and what this process may not read: a daemon's. Throws a host Error when a piece is missing or the
/// disk is full.
void unflatten_core(const std::filesystem::path& file);

/// struct new_utsname: six names, in 65 bytes each.
inline constexpr std::size_t utsname_size = 6UL * 65;

/// What a kernel says of itself in its memory.
struct KernelOfCore {
    std::string vmcoreinfo;
    std::string utsname;  ///< utsname_size bytes, or less when it is not known
    std::optional<std::uint64_t>
        phys_base;  ///< x86_64: where the image lies, by its address 0xffffffff80000000
};

/// Adds it to a file of kdump's format: crash, drgn and makedumpfile need it, and QEMU does not know. Leaves
/// alone what is none, and what this process may not read.
void describe_core(const std::filesystem::path& file, const KernelOfCore& kernel);

}  // namespace lktest
