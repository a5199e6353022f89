// SPDX-License-Identifier: MIT
#include "harness/diagnose/symbols.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace lktest {
namespace {

/// Functions are smaller. An address farther from a symbol belongs to code without a name.
constexpr std::uint64_t largest_function = 1 << 20;

}  // namespace

bool is_code(char type) {
    return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

void Symbols::add(std::uint64_t address, char type, std::string_view name) {
    const auto length = static_cast<std::uint16_t>(std::min<std::size_t>(name.size(), UINT16_MAX));
    symbols_.push_back({address, static_cast<std::uint32_t>(names_.size()), length, type});
    names_.append(name.substr(0, length));
}

void Symbols::sort() {
    // If a place has several names, the last one counts: a global function's.
    std::ranges::stable_sort(symbols_, {}, [](const Symbol& symbol) {
        return std::tuple(symbol.address, is_code(symbol.type), symbol.type == 'T');
    });
}

std::string_view Symbols::name(const Symbol& symbol) const {
    return std::string_view(names_).substr(symbol.name, symbol.length);
}

Symbols::Entry Symbols::at(std::size_t index) const {
    const Symbol& symbol = symbols_.at(index);
    return {symbol.address, name(symbol), symbol.type};
}

std::optional<std::uint64_t> Symbols::address_of(std::string_view wanted) const {
    for (const Symbol& symbol : symbols_)
        if (symbol.length == wanted.size() && name(symbol) == wanted)
            return symbol.address;
    return std::nullopt;
}

std::optional<Symbols::Place> Symbols::function_at(std::uint64_t address) const {
    const auto behind = std::ranges::upper_bound(symbols_, address, {}, &Symbol::address);
    if (behind == symbols_.begin())
        return std::nullopt;
    const Symbol& symbol = *std::prev(behind);
    const std::uint64_t offset = address - symbol.address;
    if (!is_code(symbol.type) || !in_kernel_half(symbol.address) || offset >= largest_function)
        return std::nullopt;
    const std::uint64_t size = behind == symbols_.end() ? 0 : behind->address - symbol.address;
    return Place{name(symbol), offset, size};
}

std::string Symbols::name_of(CodeAddress code) const {
    const std::uint64_t before = code.returned_to ? 1 : 0;
    const auto place = function_at(code.address - before);
    if (!place)
        return fmt::format("{:#x}", code.address);
    return fmt::format("{}+{:#x}/{:#x}", place->name, place->offset + before, place->size);
}

}  // namespace lktest
