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

/// Bytes that lie one behind the other in the guest's physical address space.
struct MemorySpan {
    std::uint64_t address = 0;
    std::span<const std::byte> bytes;
};

/// A value as the guest stores it; nothing when not all of it is there.
/// @param memory  whatever reads bytes by address
template <typename T, typename Memory>
std::optional<T> value_at(const Memory& memory, std::uint64_t address) {
    static_assert(std::is_trivially_copyable_v<T>);
    T copy;
    if (!memory.read(address, std::as_writable_bytes(std::span(&copy, 1))))
        return std::nullopt;
    return copy;
}

/// What the guest has written of its RAM, by guest-physical address. A view: whoever made it
/// keeps the bytes. They may change at any moment, for the guest runs on; so everything is
/// copied before it is looked at, and what is read may be nonsense.
class GuestMemory {
public:
    GuestMemory() = default;
    /// @param spans  that do not overlap, in any order; neighbours are joined when their bytes are
    explicit GuestMemory(std::vector<MemorySpan> spans);

    /// False when not all of it is there.
    bool read(std::uint64_t address, std::span<std::byte> into) const;

    template <typename T>
    std::optional<T> value(std::uint64_t address) const {
        return value_at<T>(*this, address);
    }

    /// At most `size` bytes: fewer where the memory ends.
    std::string bytes_at(std::uint64_t address, std::size_t size) const;

    const std::vector<MemorySpan>& spans() const noexcept { return spans_; }
    /// What of it is so near to an address in a kernel's image that it may belong to the image too.
    std::vector<MemorySpan> around_kernel(std::uint64_t address) const;
    std::uint64_t size() const;

private:
    const MemorySpan* span_of(std::uint64_t address) const;

    std::vector<MemorySpan> spans_;  ///< by address
};

}  // namespace lktest
