// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lktest {

// TFTP as used by boot firmware: RFC 1350, with the options of RFC 2348 and 2349.

inline constexpr unsigned tftp_block_size = 512;        ///< unless the client asks for another
inline constexpr unsigned tftp_most_block_size = 1468;  ///< what fits in one Ethernet frame

/// A client's request to read a file.
struct TftpRequest {
    std::string path;                    ///< below the root, without a leading slash
    std::optional<unsigned> block_size;  ///< requested and granted: at most tftp_most_block_size
    bool size = false;                   ///< the client asks for the file's size
};

/// @return unset unless the packet is a complete request to read in binary mode
std::optional<TftpRequest> read_tftp_request(std::string_view packet);

/// The number of the block that a packet acknowledges; unset for other packets.
std::optional<std::uint16_t> read_tftp_ack(std::string_view packet);

/// Whether a client refuses further packets.
bool is_tftp_error(std::string_view packet);

/// The answer to the options of a request; empty if it had no known option.
std::string tftp_options(const TftpRequest& request, std::uint64_t file_size);
std::string tftp_data(std::uint16_t block, std::string_view bytes);
std::string tftp_error(std::uint16_t code, std::string_view text);

}  // namespace lktest
