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
    /// @param bytes  the whole of it, from its magic on
    /// Nothing when it is not that.
    static std::optional<KernelTypes> parse(std::string_view bytes);

    /// Of "task_struct" "thread.sp", in bytes. Members of unnamed structures and unions are found
    /// by their own names. Nothing when there is none, or it is a bit field.
    std::optional<std::uint64_t> offset(std::string_view structure, std::string_view member) const;

private:
    explicit KernelTypes(btf* types);

    Handle<btf, free_btf> types_;
    std::unordered_map<std::string_view, std::uint32_t> structures_;  ///< the names are in types_
};

/// Looks for it in the kernel's image.
/// @param near  a physical address in it
std::optional<KernelTypes> find_types(const GuestMemory& memory, std::uint64_t near);

}  // namespace lktest
