// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "builder/base/platform.hpp"
#include "harness/machine/accel.hpp"

namespace lktest {

struct AccelChoice {
    Accel accel = Accel::tcg;
    std::string why;  ///< one line: "KVM cannot run aarch64 guests on an x86_64 machine"
};

/// Chooses the accelerator for guests of `arch`. Without a wish that is KVM if a test guest runs under it.
/// The test takes a fraction of a second, or seconds if KVM hangs. Its result is kept in `cache` until the
/// machine reboots or QEMU changes. Throws a usage or host Error if KVM is requested but unavailable.
AccelChoice choose_accel(Arch arch, std::optional<Accel> wish, const std::filesystem::path& cache);

/// The result of the test guest.
struct Proof {
    std::string fault;    ///< one line; empty if it ran to its end
    bool settled = true;  ///< a retry would have the same result; false after a timeout
};

/// Runs the test guest (kvm_guest) in a separate QEMU, which is killed at the deadline.
/// @param qemu  the program's path
Proof prove_accel(Arch arch, Accel accel, const std::filesystem::path& qemu,
                  std::chrono::milliseconds deadline);

/// The path of qemu-system-ARCH; unset if it is not in $PATH.
std::optional<std::filesystem::path> find_qemu(Arch arch);

}  // namespace lktest
