// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "builder/base/handle.hpp"
#include "harness/diagnose/address_space.hpp"

struct btf;

namespace lktest {

void free_btf(btf* types);

/// The layouts of a kernel's structures, as the kernel itself holds them in its memory
/// (Documentation/bpf/btf.rst).
class KernelTypes {
public:
    /// @param bytes  all of the BTF data, from its magic on
    /// @return unset if it is not BTF
    static std::optional<KernelTypes> parse(std::string_view bytes);

    /// Byte offset of a member, e.g. offset("task_struct", "thread.sp"). Members of unnamed structures and
    /// unions are found by their own names. Unset if there is no such member, or if it is a bit field.
    std::optional<std::uint64_t> offset(std::string_view structure, std::string_view member) const;

private:
    explicit KernelTypes(btf* types);

    Handle<btf, free_btf> types_;
    std::unordered_map<std::string_view, std::uint32_t> structures_;  ///< the names are in types_
};

/// Looks for BTF in the kernel's image.
/// @param near  a physical address in the image
std::optional<KernelTypes> find_types(const GuestMemory& memory, std::uint64_t near);

}  // namespace lktest
