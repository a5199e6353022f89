// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lktest {

/// Unsigned little-endian numbers; bytes past the end are 0.
std::uint8_t u8(std::string_view bytes, std::size_t at);
std::uint16_t le16(std::string_view bytes, std::size_t at);
std::uint32_t le32(std::string_view bytes, std::size_t at);
std::uint64_t le64(std::string_view bytes, std::size_t at);

/// Adds the lowest `size` bytes of a number to the end, little-endian.
void add_le(std::string& bytes, std::uint64_t value, std::size_t size);

}  // namespace lktest
