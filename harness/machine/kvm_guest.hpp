// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "builder/base/platform.hpp"

namespace lktest {

/// A guest of a few hundred bytes that does what every kernel does while it boots, and
/// writes one letter after each stage.
///
/// That a guest reaches 64-bit mode and says so proves little: there are KVMs that execute
/// the kernel mode of ordinary guests by emulating each instruction, and do well up to the
/// first one that the emulator lacks. Hence SIMD, faults, interrupts and user mode.
struct KvmGuest {
    struct Stage {
        char letter;
        std::string_view name;  ///< "SSE in 64-bit mode"
    };
    std::string image;  ///< x86_64: a boot sector; aarch64: a raw kernel for QEMU's virt machine
    std::span<const Stage> stages;
};

KvmGuest kvm_guest(Arch arch);

/// The first stage that the guest did not pass; empty when it passed all.
/// @param said  what it wrote
std::string_view missing_stage(const KvmGuest& guest, std::string_view said);

}  // namespace lktest
