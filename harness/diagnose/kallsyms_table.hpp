// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/diagnose/symbols.hpp"

namespace lktest {

// Limits of a plausible table.
constexpr std::size_t kallsyms_tokens = 256;
constexpr std::size_t kallsyms_index_size = kallsyms_tokens * 2;
constexpr std::size_t most_token_bytes = 16 << 10;
constexpr std::size_t most_kernel_symbols = 2'000'000;
/// Size of all names together, compressed; an allyesconfig kernel has 5 MiB.
constexpr std::size_t most_name_bytes = 32 << 20;

/// The texts that names consist of.
using KallsymsTokens = std::array<std::string, kallsyms_tokens>;

/// @param index  says where each token begins in `table`
std::optional<KallsymsTokens> read_tokens(std::string_view table, std::string_view index);

/// An encoded name: its length, in one byte or from 128 on in two, then a byte for each token.
struct PackedName {
    std::string_view tokens;
    std::size_t size = 0;  ///< including the length
};

std::optional<PackedName> packed_name(std::string_view names);

/// A kernel's symbols as scripts/kallsyms.c writes them. Their 32-bit offsets count from one base address,
/// or from Linux 7.0 on from the place of each offset. The kernel does not record which.
struct KallsymsTable {
    std::string names;    ///< begins at the names; may have more bytes after them
    std::string offsets;  ///< four bytes for each symbol, which are in the order of their addresses
    std::uint64_t count = 0;
    std::optional<std::uint64_t> base{};   ///< kallsyms_relative_base; unset if there is none
    std::optional<std::uint64_t> place{};  ///< virtual address of the offsets; unset if unknown
};

/// @return unset if the table is invalid, or if its addresses are in order by neither rule
std::optional<Symbols> decode(const KallsymsTable& table, const KallsymsTokens& tokens);

}  // namespace lktest
