// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "harness/diagnose/guest_memory.hpp"
#include "harness/diagnose/page_tables.hpp"

namespace lktest {

/// A guest's memory by virtual address. A view: the memory and what it looks at are the caller's.
struct AddressSpace {
    const GuestMemory* memory = nullptr;
    std::optional<PageTables> tables{};
    /// How far the kernel's image is from where it lies: virtual less physical. All that is known
    /// of a kernel whose page tables are not; good for the image alone.
    std::optional<std::uint64_t> image_offset{};

    std::optional<std::uint64_t> physical(std::uint64_t address) const;

    /// False when not all of it is there.
    bool read(std::uint64_t address, std::span<std::byte> into) const;

    template <typename T>
    std::optional<T> value(std::uint64_t address) const {
        return value_at<T>(*this, address);
    }

    /// At most `size` bytes: fewer where the mapping ends.
    std::string bytes_at(std::uint64_t address, std::size_t size) const;
    /// Up to the first NUL, and at most `most` bytes.
    std::string text_at(std::uint64_t address, std::size_t most) const;
};

}  // namespace lktest
