// SPDX-License-Identifier: MIT
#include "harness/net/icmp.hpp"

#include <cstddef>

namespace lktest {
namespace {

constexpr std::uint8_t type_echo_reply = 0, type_echo_request = 8;

std::uint16_t word(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

/// The Internet checksum (RFC 1071): 0 over a message with a correct checksum.
std::uint16_t checksum(std::span<const std::uint8_t> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2)
        sum += word(bytes, at);
    if (bytes.size() % 2 != 0)
        sum += static_cast<std::uint32_t>(bytes.back() << 8);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

}  // namespace

std::array<std::uint8_t, 8> echo_request(Echo echo) {
    const auto high = [](std::uint16_t value) { return static_cast<std::uint8_t>(value >> 8); };
    const auto low = [](std::uint16_t value) { return static_cast<std::uint8_t>(value & 0xff); };
    std::array<std::uint8_t, 8> message{
        type_echo_request, 0, 0, 0, high(echo.identifier), low(echo.identifier), high(echo.sequence),
        low(echo.sequence)};
    const std::uint16_t sum = checksum(message);
    message[2] = high(sum);
    message[3] = low(sum);
    return message;
}

std::optional<Echo> echo_reply(std::span<const std::uint8_t> packet) {
    if (packet.empty() || packet[0] >> 4 != 4)
        return std::nullopt;
    const std::size_t header = std::size_t{4} * (packet[0] & 0xf);
    if (header < 20 || packet.size() < header + 8)
        return std::nullopt;
    const auto message = packet.subspan(header);
    if (message[0] != type_echo_reply || message[1] != 0 || checksum(message) != 0)
        return std::nullopt;
    return Echo{word(message, 4), word(message, 6)};
}

}  // namespace lktest
