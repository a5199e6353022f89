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
    std::string why;  ///< one line: "aarch64 on x86_64 has no KVM"
};

/// Who shall execute guests of `arch`. Without a wish that is KVM where a test guest proved
/// that it works. The proof takes a part of a second, or seconds where KVM hangs; it is kept in
/// `cache`, for as long as the machine is not booted again and QEMU is the same.
/// Throws a usage or host Error when KVM is wished and cannot be.
AccelChoice choose_accel(Arch arch, std::optional<Accel> wish, const std::filesystem::path& cache);

/// What came of running the test guest.
struct Proof {
    std::string fault;    ///< one line; empty: it ran to its end
    bool settled = true;  ///< another try would end the same way; false when only time ran out
};

/// Runs the test guest (kvm_guest) in a QEMU of its own, which is killed at the deadline.
/// @param qemu  the program's path
Proof prove_accel(Arch arch, Accel accel, const std::filesystem::path& qemu,
                  std::chrono::milliseconds deadline);

/// The path of qemu-system-ARCH; nothing when it is not in $PATH.
std::optional<std::filesystem::path> find_qemu(Arch arch);

}  // namespace lktest
