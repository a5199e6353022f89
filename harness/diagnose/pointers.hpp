// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "harness/diagnose/address_space.hpp"
#include "harness/diagnose/btf.hpp"

namespace lktest {

/// Follows a kernel's pointers: follow(space, types, task, "task_struct", "mm", "mm_struct", "exe_file") is
/// task->mm->exe_file. 0 if one of them is null, or if the kernel has no such member.
template <typename... More>
std::uint64_t follow(const AddressSpace& space, const KernelTypes& types, std::uint64_t address,
                     std::string_view structure, std::string_view member, More... more) {
    const auto offset = types.offset(structure, member);
    const std::uint64_t found =
        offset && in_kernel_half(address) ? space.value<std::uint64_t>(address + *offset).value_or(0) : 0;
    if constexpr (sizeof...(more) == 0)
        return found;
    else
        return found == 0 ? 0 : follow(space, types, found, more...);
}

}  // namespace lktest
