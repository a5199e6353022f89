// SPDX-License-Identifier: MIT
#include "harness/net/tftp_packet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace lktest {
namespace {

enum Opcode : std::uint16_t { read_request = 1, data = 3, acknowledge = 4, error = 5, options = 6 };

std::string header(std::uint16_t opcode, std::uint16_t number) {
    std::string bytes;
    for (const std::uint16_t word : {opcode, number}) {
        bytes += static_cast<char>(word >> 8);
        bytes += static_cast<char>(word & 0xff);
    }
    return bytes;
}

std::optional<std::uint16_t> word_at(std::string_view packet, std::size_t at) {
    if (packet.size() < at + 2)
        return std::nullopt;
    return static_cast<std::uint16_t>(static_cast<unsigned char>(packet[at]) << 8 |
                                      static_cast<unsigned char>(packet[at + 1]));
}

/// Removes a NUL-terminated text from the packet; unset if it is not terminated.
std::optional<std::string> take_text(std::string_view& packet) {
    const std::size_t end = packet.find('\0');
    if (end == packet.npos)
        return std::nullopt;
    std::string text(packet.substr(0, end));
    packet.remove_prefix(end + 1);
    return text;
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

void take_option(TftpRequest& request, const std::string& option, const std::string& value) {
    if (option == "tsize")
        request.size = true;
    unsigned size = 0;
    const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (option == "blksize" && fault == std::errc() && end == value.data() + value.size() && size >= 8)
        request.block_size = std::min(size, tftp_most_block_size);
}

}  // namespace

std::optional<TftpRequest> read_tftp_request(std::string_view packet) {
    constexpr std::size_t longest = 1024;
    if (packet.size() > longest || word_at(packet, 0) != read_request)
        return std::nullopt;
    packet.remove_prefix(2);
    const auto path = take_text(packet), mode = take_text(packet);
    if (!path || !mode || lower(*mode) != "octet")
        return std::nullopt;
    TftpRequest request{.path = *path, .block_size = {}};
    std::ranges::replace(request.path, '\\', '/');  // Windows' loader writes these
    request.path.erase(0, request.path.find_first_not_of('/'));
    while (!packet.empty()) {
        const auto option = take_text(packet), value = take_text(packet);
        if (!option || !value)
            break;
        take_option(request, lower(*option), *value);
    }
    return request;
}

std::optional<std::uint16_t> read_tftp_ack(std::string_view packet) {
    return word_at(packet, 0) == acknowledge ? word_at(packet, 2) : std::nullopt;
}

bool is_tftp_error(std::string_view packet) {
    return word_at(packet, 0) == error;
}

std::string tftp_options(const TftpRequest& request, std::uint64_t file_size) {
    std::string granted;
    const auto add = [&granted](std::string_view option, std::uint64_t value) {
        granted.append(option).push_back('\0');
        granted.append(std::to_string(value)).push_back('\0');
    };
    if (request.size)
        add("tsize", file_size);
    if (request.block_size)
        add("blksize", *request.block_size);
    return granted.empty() ? granted : header(options, 0).substr(0, 2) + granted;
}

std::string tftp_data(std::uint16_t block, std::string_view bytes) {
    return header(data, block).append(bytes);
}

std::string tftp_error(std::uint16_t code, std::string_view text) {
    return header(error, code).append(text) + '\0';
}

}  // namespace lktest
