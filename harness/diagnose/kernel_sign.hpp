// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "harness/diagnose/cpu_state.hpp"

namespace lktest {

/// The kind of software that a guest's CPUs execute.
enum class KernelSign {
    kernel,   ///< a kernel or its programs
    loader,   ///< firmware, a boot loader or a kernel's first code
    unknown,  ///< the CPUs do not show it
};

/// Pure. @param cpus  at one moment
KernelSign kernel_sign(const std::vector<CpuState>& cpus);

}  // namespace lktest
