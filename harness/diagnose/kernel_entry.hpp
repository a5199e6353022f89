// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "builder/base/platform.hpp"
#include "harness/diagnose/guest_memory.hpp"

namespace lktest {

/// Where loaders put the 32-bit entry of an x86 kernel (Linux Documentation/arch/x86/boot.rst, code32_start).
inline constexpr std::uint64_t x86_kernel_entry = 0x100000;

/// Whether an address without paging is in the entry code of a Linux kernel, which has no log yet.
/// aarch64: in an Image by its header (Linux Documentation/arch/arm64/booting.rst). x86: before the packed
/// kernel, or near the messages of its decompressor (arch/x86/boot/compressed).
bool in_kernel_entry(const GuestMemory& memory, Arch arch, std::uint64_t address);

}  // namespace lktest
