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
        case Outcome::passed:
        case Outcome::not_applicable:
        case Outcome::cancelled:
        case Outcome::flaky:
        case Outcome::known_failure:
        case Outcome::userspace_failure:
        case Outcome::silent:
        case Outcome::at_prompt:
        case Outcome::milestone_deadline:
        case Outcome::reboot_loop:
        case Outcome::powered_off:
        case Outcome::network_failed:
        case Outcome::step_failed:
        case Outcome::not_refused:
        case Outcome::qemu_died:
        case Outcome::host_setup: break;
    }
    return Stage::userspace;
}

}  // namespace lktest
