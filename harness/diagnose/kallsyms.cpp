// SPDX-License-Identifier: MIT
#include "harness/diagnose/kallsyms.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <span>

namespace lktest {
namespace {

constexpr std::size_t token_count = 256;
constexpr std::size_t index_size = token_count * 2;
constexpr std::size_t most_symbols = 2'000'000;
constexpr std::size_t fewest_symbols = 1'000;
/// Size of all names together, compressed; an allyesconfig kernel has 5 MiB.
constexpr std::size_t most_names = 32 << 20;
constexpr std::size_t most_tokens = 16 << 10;
/// KSYM_NAME_LEN is 512, the type included.
constexpr std::size_t longest_name = 512;
constexpr std::size_t most_unpacked = 64 << 20;  // total bytes of all names

constexpr std::uint64_t rounded_up(std::uint64_t value) {
    return (value + 7) & ~std::uint64_t{7};
}

using Tokens = std::array<std::string, token_count>;

/// The tokens that names consist of: token_index says where each one begins in token_table.
std::optional<Tokens> read_tokens(std::string_view table, std::string_view index) {
    if (index.size() < index_size)
        return std::nullopt;
    Tokens tokens;
    for (std::size_t i = 0; i < token_count; ++i) {
        std::uint16_t at = 0;
        std::memcpy(&at, index.data() + 2 * i, 2);
        if (at >= table.size())
            return std::nullopt;
        tokens[i] = table.substr(at, table.find('\0', at) - at);
    }
    return tokens;
}

/// An encoded name: its length, in one byte or from 128 on in two, then a byte for each token.
struct Packed {
    std::string_view tokens;
    std::size_t size = 0;  ///< including the length
};

std::optional<Packed> packed_name(std::string_view names) {
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
    return Packed{names.substr(head, length), head + length};
}

std::string unpacked(const Packed& packed, const Tokens& tokens) {
    std::string name;  // its first character is the symbol's type
    for (const char token : packed.tokens) {
        if (name.size() > longest_name)
            break;
        name += tokens[static_cast<unsigned char>(token)];
    }
    name.resize(std::min(name.size(), longest_name));
    return name;
}

/// Where the parts are, by either kind of address.
struct Parts {
    std::string names;    ///< begins at the names; may have more bytes after them
    std::string offsets;  ///< four bytes for each symbol
    std::uint64_t count = 0, base = 0;
};

/// Offsets count from the base. If some are negative, those count from below the base, and the
/// others are offsets in a CPU's own data instead (CONFIG_KALLSYMS_ABSOLUTE_PERCPU).
std::optional<Symbols> decode(const Parts& parts, const Tokens& tokens) {
    if (parts.offsets.size() < parts.count * 4)
        return std::nullopt;
    const auto offset = [&](std::size_t i) {
        std::int32_t value = 0;
        std::memcpy(&value, parts.offsets.data() + 4 * i, 4);
        return value;
    };
    bool negative = false;
    for (std::size_t i = 0; i < parts.count && !negative; ++i)
        negative = offset(i) < 0;

    Symbols symbols;
    std::string_view rest = parts.names;
    std::size_t unpacked_size = 0;
    for (std::size_t i = 0; i < parts.count; ++i) {
        const auto packed = packed_name(rest);
        if (!packed)
            return std::nullopt;
        rest.remove_prefix(packed->size);
        const std::string name = unpacked(*packed, tokens);
        unpacked_size += name.size();
        if (unpacked_size > most_unpacked)
            return std::nullopt;
        if (name.size() < 2)
            continue;
        const std::int64_t away = offset(i);
        std::uint64_t address = parts.base + static_cast<std::uint32_t>(away);
        if (negative)
            address = away >= 0 ? static_cast<std::uint64_t>(away)
                                : parts.base - 1 - static_cast<std::uint64_t>(away);
        symbols.add(address, name[0], std::string_view(name).substr(1));
    }
    symbols.sort();
    return symbols;
}

std::optional<Symbols> by_vmcoreinfo(const AddressSpace& space, const Vmcoreinfo& kernel) {
    const auto names = kernel.symbol("kallsyms_names"), count_at = kernel.symbol("kallsyms_num_syms");
    const auto table = kernel.symbol("kallsyms_token_table"), index = kernel.symbol("kallsyms_token_index");
    const auto offsets = kernel.symbol("kallsyms_offsets"), base = kernel.symbol("kallsyms_relative_base");
    if (!names || !count_at || !table || !index || !offsets || !base)
        return std::nullopt;
    const auto count = space.value<std::uint32_t>(*count_at);
    const auto relative_base = space.value<std::uint64_t>(*base);
    const auto tokens = read_tokens(space.bytes_at(*table, most_tokens), space.bytes_at(*index, index_size));
    if (!count || *count > most_symbols || !relative_base || !tokens)
        return std::nullopt;
    // In every layout the tokens are somewhere after the names.
    const std::uint64_t most = *table > *names ? *table - *names : most_names;
    return decode({.names = space.bytes_at(*names, std::min<std::uint64_t>(most, most_names)),
                   .offsets = space.bytes_at(*offsets, *count * std::size_t{4}),
                   .count = *count,
                   .base = *relative_base},
                  *tokens);
}

/// A window on the image, physically contiguous.
struct Window {
    std::uint64_t address = 0;  ///< physical, of its first byte
    std::string_view bytes;

    std::string_view at(std::size_t offset, std::size_t size) const {
        return offset < bytes.size() ? bytes.substr(offset, size) : std::string_view();
    }
    template <typename T>
    T value(std::size_t offset) const {
        T value{};
        if (offset + sizeof value <= bytes.size())
            std::memcpy(&value, bytes.data() + offset, sizeof value);
        return value;
    }
};

/// Offsets in the window.
struct TokenPlace {
    std::size_t table = 0, index = 0;
};

/// Whether a table of tokens begins here: its index must follow shortly after it.
std::optional<TokenPlace> tokens_from(const Window& image, std::size_t table) {
    std::string index;
    std::size_t at = table;
    for (std::size_t i = 0; i < token_count; ++i) {
        const std::size_t length = at - table;
        if (length >= most_tokens || at >= image.bytes.size())
            return std::nullopt;
        index += static_cast<char>(length & 0xff);
        index += static_cast<char>(length >> 8);
        const std::size_t end = image.bytes.find('\0', at);
        if (end == image.bytes.npos)
            return std::nullopt;
        at = end + 1;
    }
    const std::size_t found = image.at(at, 4096 + index_size).find(index);
    if (found == std::string_view::npos)
        return std::nullopt;
    return TokenPlace{table, at + found};
}

/// Each digit is its own token, so the tokens "0" … "9" are in a row, after 48 others.
std::optional<TokenPlace> find_tokens(const Window& image) {
    static constexpr std::string_view digits("0\0001\0002\0003\0004\0005\0006\0007\0008\0009\0", 20);
    const std::boyer_moore_horspool_searcher searcher(digits.begin(), digits.end());
    constexpr unsigned most_hits = 64;
    auto from = image.bytes.begin();
    for (unsigned hits = 0; hits < most_hits; ++hits) {
        const auto hit = std::search(from, image.bytes.end(), searcher);
        if (hit == image.bytes.end())
            return std::nullopt;
        from = hit + 1;
        const auto at = static_cast<std::size_t>(hit - image.bytes.begin());
        std::size_t begin = at, token = 0;
        for (; token < '0' && begin > 1; ++token)
            begin = image.bytes.rfind('\0', begin - 2) + 1;  // npos + 1 is the beginning
        if (token < '0' || at - begin > most_tokens)
            continue;
        // The bytes before the first token need not end with a NUL, but the table is aligned.
        for (std::size_t table = begin; table < begin + 64; ++table)
            if (table == begin || (image.address + table) % 4 == 0)
                if (const auto place = tokens_from(image, table))
                    return place;
    }
    return std::nullopt;
}

bool begins_like_names(const Window& image, std::size_t at, const Tokens& tokens) {
    for (unsigned i = 0; i < 16; ++i) {
        const auto packed = packed_name(image.at(at, 1024));
        if (!packed)
            return false;
        const std::string& first = tokens[static_cast<unsigned char>(packed->tokens[0])];
        if (first.empty() || !std::isalpha(static_cast<unsigned char>(first[0])))
            return false;
        at += packed->size;
    }
    return true;
}

/// Whether `count` names are here, followed by the markers, which say where each 256th name begins.
bool names_agree(const Window& image, std::size_t names, std::size_t end, std::size_t count) {
    std::size_t at = names, marker = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (i == 256)
            marker = at - names;
        const auto packed = packed_name(image.at(at, 2 + 0x7fff));
        if (!packed || at + packed->size > end)
            return false;
        at += packed->size;
    }
    const std::size_t markers = rounded_up(image.address + at) - image.address;
    return image.value<std::uint32_t>(markers) == 0 && image.value<std::uint32_t>(markers + 4) == marker;
}

/// Where the number of symbols is; the names follow it in every layout.
std::optional<std::size_t> find_count(const Window& image, std::size_t table, const Tokens& tokens) {
    const std::size_t aligned = (image.address + table) % 8;
    const std::size_t lowest = table > most_names ? table - most_names : 8;
    for (std::size_t at = table - std::min(table, aligned); at >= lowest + 8; at -= 8) {
        const auto count = image.value<std::uint64_t>(at);
        if (count < fewest_symbols || count > most_symbols) [[likely]]
            continue;
        if (begins_like_names(image, at + 8, tokens) &&
            names_agree(image, at + 8, table, static_cast<std::size_t>(count)))
            return at;
    }
    return std::nullopt;
}

/// The base is the beginning of the image: a kernel address, page-aligned.
bool is_base(std::uint64_t address) {
    return in_kernel_half(address) && address % 4096 == 0;
}

std::optional<Symbols> in_window(const Window& image) {
    const auto place = find_tokens(image);
    if (!place)
        return std::nullopt;
    const auto tokens = read_tokens(image.at(place->table, most_tokens), image.at(place->index, index_size));
    const auto count_at = tokens ? find_count(image, place->table, *tokens) : std::nullopt;
    if (!count_at)
        return std::nullopt;
    Parts parts{.names = std::string(image.at(*count_at + 8, place->table - *count_at)),
                .offsets = {},
                .count = image.value<std::uint64_t>(*count_at),
                .base = 0};
    const std::uint64_t size = rounded_up(parts.count * 4);
    // From 6.4 on: token_index, offsets, relative_base. Before: offsets, relative_base, num_syms.
    const std::size_t behind = place->index + index_size;
    if (is_base(image.value<std::uint64_t>(behind + size))) {
        parts.base = image.value<std::uint64_t>(behind + size);
        parts.offsets = image.at(behind, size);
    } else if (*count_at >= size + 8 && is_base(image.value<std::uint64_t>(*count_at - 8))) {
        parts.base = image.value<std::uint64_t>(*count_at - 8);
        parts.offsets = image.at(*count_at - 8 - size, size);
    } else {
        return std::nullopt;
    }
    return decode(parts, *tokens);
}

std::optional<Symbols> by_shape(const GuestMemory& memory, std::uint64_t near) {
    for (const MemorySpan& part : memory.around_kernel(near)) {
        // A copy, because the guest may change it meanwhile.
        const std::string bytes = memory.bytes_at(part.address, part.bytes.size());
        if (auto symbols = in_window({part.address, bytes}))
            return symbols;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Symbols> find_symbols(const AddressSpace& space, const Vmcoreinfo* kernel, std::uint64_t near) {
    if (!space.memory)
        return std::nullopt;
    if (kernel)
        if (auto symbols = by_vmcoreinfo(space, *kernel))
            return symbols;
    return by_shape(*space.memory, near);
}

}  // namespace lktest
