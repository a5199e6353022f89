// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// The places in a PE image that matter to its signatures (Microsoft PE/COFF specification). Offsets are from
/// the file's beginning.
struct PeLayout {
    std::uint64_t checksum = 0;   ///< CheckSum of the optional header
    std::uint64_t directory = 0;  ///< its directory entry of the certificates
    std::uint64_t certificates = 0, certificates_size = 0;
    std::uint64_t headers = 0;  ///< SizeOfHeaders: bytes
    std::uint64_t names = 0;    ///< the table of section names over 8 bytes; 0 if there is none
    std::string header;         ///< from the signature "PE" on
    std::size_t section_table = 0, sections = 0;  ///< in `header`; how many
    bool nx_compat = false;
};

std::optional<PeLayout> pe_layout(const ByteView& file);

/// The SHA-256 hash (32 bytes) that signatures contain and dbx revokes. It covers the headers except CheckSum
/// and the directory entry of the certificates, then each section in file order, then the data after the last
/// one (Microsoft, "Windows Authenticode Portable Executable Signature Format"). Empty if a part is missing
/// or the image exceeds `limit` bytes.
std::string authenticode_hash(const ByteView& file, const PeLayout& layout, std::uint64_t limit);

}  // namespace lktest
