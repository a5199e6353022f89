// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace lktest {

/// Contiguous bytes of the guest's physical address space.
struct MemorySpan {
    std::uint64_t address = 0;
    std::span<const std::byte> bytes;
};

/// A value as the guest stores it; unset if part of it is missing.
/// @param memory  anything that reads bytes by address
template <typename T, typename Memory>
std::optional<T> value_at(const Memory& memory, std::uint64_t address) {
    static_assert(std::is_trivially_copyable_v<T>);
    T copy;
    if (!memory.read(address, std::as_writable_bytes(std::span(&copy, 1))))
        return std::nullopt;
    return copy;
}

/// The part of the guest's RAM that it has written, by guest-physical address. A view: its creator
/// owns the bytes. They may change at any moment, because the guest keeps running. So everything is
/// copied before it is parsed, and may be inconsistent.
class GuestMemory {
public:
    GuestMemory() = default;
    /// @param spans  that do not overlap, in any order; neighbours are joined when their bytes are
    explicit GuestMemory(std::vector<MemorySpan> spans);

    /// False if part of it is missing.
    bool read(std::uint64_t address, std::span<std::byte> into) const;

    template <typename T>
    std::optional<T> value(std::uint64_t address) const {
        return value_at<T>(*this, address);
    }

    /// At most `size` bytes, fewer if the memory ends before.
    std::string bytes_at(std::uint64_t address, std::size_t size) const;

    const std::vector<MemorySpan>& spans() const noexcept { return spans_; }
    /// The part near an address in a kernel's image, which may belong to the image too.
    std::vector<MemorySpan> around_kernel(std::uint64_t address) const;
    std::uint64_t size() const;

private:
    const MemorySpan* span_of(std::uint64_t address) const;

    std::vector<MemorySpan> spans_;  ///< by address
};

}  // namespace lktest
