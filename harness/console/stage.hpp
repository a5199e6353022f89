// SPDX-License-Identifier: MIT
#pragma once

#include "harness/matrix/verdict.hpp"

namespace lktest {

/// How far a boot had come when it failed.
enum class Stage { firmware, refused, loader, kernel, initramfs, userspace };

constexpr Stage stage_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::no_boot_device:
        case Outcome::stopped_at_firmware: return Stage::firmware;
        case Outcome::boot_refused: return Stage::refused;
        case Outcome::stopped_at_loader: return Stage::loader;
        case Outcome::kernel_crash:
        case Outcome::kernel_hang: return Stage::kernel;
        case Outcome::initramfs_shell: return Stage::initramfs;
        default: return Stage::userspace;
    }
}

}  // namespace lktest
