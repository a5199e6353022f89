// SPDX-License-Identifier: MIT
#include "harness/diagnose/kallsyms_table.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace lktest {
namespace {

/// KSYM_NAME_LEN is 512, the type included.
constexpr std::size_t longest_name = 512;
constexpr std::size_t most_unpacked = 64 << 20;  // total bytes of all names

std::string unpacked(const PackedName& packed, const KallsymsTokens& tokens) {
    std::string name;  // its first character is the symbol's type
    for (const char token : packed.tokens) {
        if (name.size() > longest_name)
            break;
        name += tokens[static_cast<unsigned char>(token)];
    }
    name.resize(std::min(name.size(), longest_name));
    return name;
}

using Offsets = std::vector<std::int32_t>;
using Addresses = std::vector<std::uint64_t>;

/// If some offsets are negative, those count from below the base, and the others are offsets in a CPU's own
/// data instead (CONFIG_KALLSYMS_ABSOLUTE_PERCPU, before Linux 6.15).
Addresses from_base(const Offsets& offsets, std::uint64_t base) {
    const bool negative = std::ranges::any_of(offsets, [](std::int32_t offset) { return offset < 0; });
    Addresses addresses;
    addresses.reserve(offsets.size());
    for (const std::int32_t offset : offsets) {
        const std::int64_t away = offset;
        if (!negative)
            addresses.push_back(base + static_cast<std::uint32_t>(offset));
        else
            addresses.push_back(away >= 0 ? static_cast<std::uint64_t>(away)
                                          : base - 1 - static_cast<std::uint64_t>(away));
    }
    return addresses;
}

Addresses from_place(const Offsets& offsets, std::uint64_t place) {
    Addresses addresses;
    addresses.reserve(offsets.size());
    for (std::size_t i = 0; i < offsets.size(); ++i)
        addresses.push_back(place + 4 * i + static_cast<std::uint64_t>(std::int64_t{offsets[i]}));
    return addresses;
}

/// The table is sorted. A few places may disagree, because the guest may be writing its memory.
bool in_order(const Addresses& addresses) {
    std::size_t descents = 0;
    for (std::size_t i = 1; i < addresses.size(); ++i)
        descents += addresses[i] < addresses[i - 1] ? 1 : 0;
    return descents <= addresses.size() / 100;
}

std::optional<Addresses> addresses_of(const KallsymsTable& table) {
    if (table.offsets.size() / 4 < table.count)
        return std::nullopt;
    Offsets offsets(static_cast<std::size_t>(table.count));
    std::memcpy(offsets.data(), table.offsets.data(), offsets.size() * 4);
    if (table.base)
        if (Addresses found = from_base(offsets, *table.base); in_order(found))
            return found;
    if (table.place)
        if (Addresses found = from_place(offsets, *table.place); in_order(found))
            return found;
    return std::nullopt;
}

}  // namespace

std::optional<KallsymsTokens> read_tokens(std::string_view table, std::string_view index) {
    if (index.size() < kallsyms_index_size)
        return std::nullopt;
    KallsymsTokens tokens;
    for (std::size_t i = 0; i < kallsyms_tokens; ++i) {
        std::uint16_t at = 0;
        std::memcpy(&at, index.data() + 2 * i, 2);
        if (at >= table.size())
            return std::nullopt;
        tokens[i] = table.substr(at, table.find('\0', at) - at);
    }
    return tokens;
}

std::optional<PackedName> packed_name(std::string_view names) {
    if (names.empty())
        return std::nullopt;
    std::size_t length = static_cast<unsigned char>(names[0]), head = 1;
    if (length >= 0x80) {
        if (names.size() < 2)
            return std::nullopt;
        length = (length & 0x7f) | static_cast<std::size_t>(static_cast<unsigned char>(names[1])) << 7;
        head = 2;
    }
    if (length == 0 || length > names.size() - head)
        return std::nullopt;
    return PackedName{names.substr(head, length), head + length};
}

std::optional<Symbols> decode(const KallsymsTable& table, const KallsymsTokens& tokens) {
    const auto addresses = table.count <= most_kernel_symbols ? addresses_of(table) : std::nullopt;
    if (!addresses)
        return std::nullopt;
    Symbols symbols;
    std::string_view rest = table.names;
    std::size_t unpacked_size = 0;
    for (const std::uint64_t address : *addresses) {
        const auto packed = packed_name(rest);
        if (!packed)
            return std::nullopt;
        rest.remove_prefix(packed->size);
        const std::string name = unpacked(*packed, tokens);
        unpacked_size += name.size();
        if (unpacked_size > most_unpacked)
            return std::nullopt;
        if (name.size() >= 2)
            symbols.add(address, name[0], std::string_view(name).substr(1));
    }
    symbols.sort();
    return symbols;
}

}  // namespace lktest
