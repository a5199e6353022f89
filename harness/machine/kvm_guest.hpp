// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/platform.hpp"

namespace lktest {

/// A guest of a few hundred bytes that exercises what every kernel does while it boots, and writes one letter
/// after each stage.
///
/// Reaching 64-bit mode proves little. Some KVMs emulate each instruction of an ordinary guest's kernel mode,
/// and work until the first one that the emulator lacks. Hence SIMD, faults, interrupts and user mode.
struct KvmGuest {
    struct Stage {
        char letter;
        std::string_view name;  ///< "SSE in 64-bit mode"
    };
    std::string image;  ///< x86_64: a boot sector; aarch64: a raw kernel for QEMU's virt machine
    std::span<const Stage> stages;
    std::string_view machine;  ///< QEMU's, which starts the file guest.img
    std::vector<std::string> devices;
};

KvmGuest kvm_guest(Arch arch);

/// The first stage that the guest did not pass; empty if it passed all.
/// @param said  its output
std::string_view missing_stage(const KvmGuest& guest, std::string_view said);

}  // namespace lktest
