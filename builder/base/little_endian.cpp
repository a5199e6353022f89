// SPDX-License-Identifier: MIT
#include "builder/base/little_endian.hpp"

namespace lktest {

std::uint8_t u8(std::string_view bytes, std::size_t at) {
    return at < bytes.size() ? static_cast<std::uint8_t>(bytes[at]) : 0;
}

std::uint16_t le16(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(u8(bytes, at) | u8(bytes, at + 1) << 8);
}

std::uint32_t le32(std::string_view bytes, std::size_t at) {
    return le16(bytes, at) | static_cast<std::uint32_t>(le16(bytes, at + 2)) << 16;
}

std::uint64_t le64(std::string_view bytes, std::size_t at) {
    return le32(bytes, at) | static_cast<std::uint64_t>(le32(bytes, at + 4)) << 32;
}

void add_le(std::string& bytes, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        bytes += static_cast<char>(value >> (8 * i) & 0xff);
}

}  // namespace lktest
