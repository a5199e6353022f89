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

/// A guest's memory by virtual address. A view: the caller owns the memory and the tables.
struct AddressSpace {
    const GuestMemory* memory = nullptr;
    std::optional<PageTables> tables{};
    /// The kernel image's virtual address minus its physical one. Used if the page tables are unknown; valid
    /// for the image only.
    std::optional<std::uint64_t> image_offset{};

    std::optional<std::uint64_t> physical(std::uint64_t address) const;

    /// False if part of it is missing.
    bool read(std::uint64_t address, std::span<std::byte> into) const;

    template <typename T>
    std::optional<T> value(std::uint64_t address) const {
        return value_at<T>(*this, address);
    }

    /// At most `size` bytes, fewer if the mapping ends before.
    std::string bytes_at(std::uint64_t address, std::size_t size) const;
    /// Up to the first NUL, and at most `most` bytes.
    std::string text_at(std::uint64_t address, std::size_t most) const;
};

}  // namespace lktest
