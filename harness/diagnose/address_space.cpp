// SPDX-License-Identifier: MIT
#include "harness/diagnose/address_space.hpp"

#include <algorithm>

namespace lktest {
namespace {

/// The smallest page: addresses within one are contiguous both virtually and physically.
constexpr std::uint64_t page = 4096;

std::size_t left_in_page(std::uint64_t address) {
    return static_cast<std::size_t>(page - address % page);
}

}  // namespace

std::optional<std::uint64_t> AddressSpace::physical(std::uint64_t address) const {
    if (!memory)
        return std::nullopt;
    if (tables)
        if (const auto found = translate(*memory, *tables, address))
            return found;
    if (image_offset && in_kernel_half(address))
        return address - *image_offset;
    return std::nullopt;
}

bool AddressSpace::read(std::uint64_t address, std::span<std::byte> into) const {
    while (!into.empty()) {
        const auto at = physical(address);
        const std::size_t count = std::min(into.size(), left_in_page(address));
        if (!at || !memory->read(*at, into.first(count)))
            return false;
        into = into.subspan(count);
        address += count;
    }
    return true;
}

std::string AddressSpace::bytes_at(std::uint64_t address, std::size_t size) const {
    std::string text;
    while (text.size() < size) {
        const auto at = physical(address);
        const std::size_t count = std::min(size - text.size(), left_in_page(address));
        const std::string piece = at ? memory->bytes_at(*at, count) : "";
        text += piece;
        if (piece.size() < count)
            break;
        address += count;
    }
    return text;
}

std::string AddressSpace::text_at(std::uint64_t address, std::size_t most) const {
    std::string text = bytes_at(address, most);
    text.resize(std::min(text.find('\0'), text.size()));
    return text;
}

}  // namespace lktest
