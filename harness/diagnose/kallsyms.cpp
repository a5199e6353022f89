// SPDX-License-Identifier: MIT
#include "harness/diagnose/kallsyms.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <functional>

#include "harness/diagnose/kallsyms_table.hpp"

namespace lktest {
namespace {

constexpr std::size_t fewest_symbols = 1'000;

constexpr std::uint64_t rounded_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

std::optional<Symbols> by_vmcoreinfo(const AddressSpace& space, const Vmcoreinfo& kernel) {
    const auto names = kernel.symbol("kallsyms_names"), count_at = kernel.symbol("kallsyms_num_syms");
    const auto table = kernel.symbol("kallsyms_token_table"), index = kernel.symbol("kallsyms_token_index");
    const auto offsets = kernel.symbol("kallsyms_offsets"), base = kernel.symbol("kallsyms_relative_base");
    if (!names || !count_at || !table || !index || !offsets)
        return std::nullopt;
    const auto count = space.value<std::uint32_t>(*count_at);
    const auto tokens =
        read_tokens(space.bytes_at(*table, most_token_bytes), space.bytes_at(*index, kallsyms_index_size));
    if (!count || *count > most_kernel_symbols || !tokens)
        return std::nullopt;
    // In every layout the tokens are somewhere after the names.
    const std::uint64_t most = *table > *names ? *table - *names : most_name_bytes;
    return decode({.names = space.bytes_at(*names, std::min<std::uint64_t>(most, most_name_bytes)),
                   .offsets = space.bytes_at(*offsets, *count * std::size_t{4}),
                   .count = *count,
                   .base = base ? space.value<std::uint64_t>(*base) : std::nullopt,
                   .place = *offsets},
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
    for (std::size_t i = 0; i < kallsyms_tokens; ++i) {
        const std::size_t length = at - table;
        if (length >= most_token_bytes || at >= image.bytes.size())
            return std::nullopt;
        index += static_cast<char>(length & 0xff);
        index += static_cast<char>(length >> 8);
        const std::size_t end = image.bytes.find('\0', at);
        if (end == image.bytes.npos)
            return std::nullopt;
        at = end + 1;
    }
    const std::size_t found = image.at(at, 4096 + kallsyms_index_size).find(index);
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
        if (token < '0' || at - begin > most_token_bytes)
            continue;
        // The bytes before the first token need not end with a NUL, but the table is aligned.
        for (std::size_t table = begin; table < begin + 64; ++table)
            if (table == begin || (image.address + table) % 4 == 0)
                if (const auto place = tokens_from(image, table))
                    return place;
    }
    return std::nullopt;
}

bool begins_like_names(const Window& image, std::size_t at, const KallsymsTokens& tokens) {
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
bool names_agree(const Window& image, std::size_t names, std::size_t end, std::size_t count,
                 std::uint64_t alignment) {
    std::size_t at = names, marker = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (i == 256)
            marker = at - names;
        const auto packed = packed_name(image.at(at, 2 + 0x7fff));
        if (!packed || at + packed->size > end)
            return false;
        at += packed->size;
    }
    const std::size_t markers = rounded_up(image.address + at, alignment) - image.address;
    return image.value<std::uint32_t>(markers) == 0 && image.value<std::uint32_t>(markers + 4) == marker;
}

/// The number of symbols, and the names, which follow it in every layout.
struct NamesPlace {
    std::size_t count_at = 0, names = 0;
    std::uint32_t count = 0;
};

/// Parts are aligned to 8 bytes, and from Linux 7.0 on to 4.
std::optional<NamesPlace> find_names(const Window& image, std::size_t table, const KallsymsTokens& tokens) {
    const std::size_t aligned = (image.address + table) % 4;
    const std::size_t lowest = table > most_name_bytes ? table - most_name_bytes : 8;
    for (std::size_t at = table - std::min(table, aligned); at >= lowest + 8; at -= 4) {
        const auto count = image.value<std::uint32_t>(at);
        if (count < fewest_symbols || count > most_kernel_symbols) [[likely]]
            continue;
        for (const std::uint64_t alignment : {8U, 4U}) {
            const std::size_t names = rounded_up(image.address + at + 4, alignment) - image.address;
            if (begins_like_names(image, names, tokens) && names_agree(image, names, table, count, alignment))
                return NamesPlace{at, names, count};
        }
    }
    return std::nullopt;
}

/// The base is the beginning of the image: a kernel address, page-aligned.
std::optional<std::uint64_t> base_at(const Window& image, std::size_t offset) {
    const auto address = image.value<std::uint64_t>(offset);
    return in_kernel_half(address) && address % 4096 == 0 ? std::optional(address) : std::nullopt;
}

/// @param image_offset  the image's virtual address minus its physical one, if known
std::optional<Symbols> in_window(const Window& image, const std::optional<std::uint64_t>& image_offset) {
    const auto place = find_tokens(image);
    if (!place)
        return std::nullopt;
    const auto tokens =
        read_tokens(image.at(place->table, most_token_bytes), image.at(place->index, kallsyms_index_size));
    const auto names = tokens ? find_names(image, place->table, *tokens) : std::nullopt;
    if (!names)
        return std::nullopt;
    // From 6.4 on: token_index, offsets, and before 7.0 relative_base. Older: offsets, relative_base,
    // num_syms.
    const std::size_t size = rounded_up(names->count * std::uint64_t{4}, 8);
    const std::size_t after = place->index + kallsyms_index_size;
    KallsymsTable table{.names = std::string(image.at(names->names, place->table - names->names)),
                        .offsets = std::string(image.at(after, size)),
                        .count = names->count,
                        .base = base_at(image, after + size)};
    if (image_offset)
        table.place = image.address + after + *image_offset;
    if (!table.base && names->count_at >= size + 8) {
        if (const auto base = base_at(image, names->count_at - 8)) {
            KallsymsTable older = table;
            older.offsets = image.at(names->count_at - 8 - size, size);
            older.base = base;
            older.place.reset();
            if (auto symbols = decode(older, *tokens))
                return symbols;
        }
    }
    return decode(table, *tokens);
}

std::optional<Symbols> by_shape(const AddressSpace& space, std::uint64_t near) {
    for (const MemorySpan& part : space.memory->around_kernel(near)) {
        // A copy, because the guest may change it meanwhile.
        const std::string bytes = space.memory->bytes_at(part.address, part.bytes.size());
        if (auto symbols = in_window({part.address, bytes}, space.image_offset))
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
    return by_shape(space, near);
}

}  // namespace lktest
