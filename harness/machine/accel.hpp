// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace lktest {

/// Who executes the guest's instructions: the processor, or QEMU's translator.
enum class Accel { kvm, tcg };

/// "kvm", "tcg": QEMU's name.
constexpr std::string_view name(Accel accel) {
    return accel == Accel::kvm ? "kvm" : "tcg";
}

}  // namespace lktest
