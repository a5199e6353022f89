// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace lktest {

/// How the guest's instructions are executed: by the processor, or by QEMU's translator.
enum class Accel { kvm, tcg };

/// QEMU's name: "kvm", "tcg".
constexpr std::string_view name(Accel accel) {
    return accel == Accel::kvm ? "kvm" : "tcg";
}

}  // namespace lktest
