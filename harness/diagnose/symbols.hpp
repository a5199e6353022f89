// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/diagnose/address_space.hpp"

namespace lktest {

/// A place in code.
struct CodeAddress {
    std::uint64_t address = 0;
    /// A return address. It belongs to the code before it, because a call may be a function's last
    /// instruction.
    bool returned_to = false;
};

/// Whether a symbol of this type, as nm(1) prints it, is code.
bool is_code(char type);

/// The names of a kernel's functions, and on most kernels of its data, by run-time address. The
/// kernel keeps them for its own backtraces (kernel/kallsyms.c).
class Symbols {
public:
    struct Entry {
        std::uint64_t address = 0;
        std::string_view name;
        char type = 't';  ///< as nm(1) prints it
    };

    /// Any order.
    void add(std::uint64_t address, char type, std::string_view name);
    /// Call this after the last add() and before any lookup.
    void sort();

    std::size_t size() const noexcept { return symbols_.size(); }
    Entry at(std::size_t index) const;
    std::optional<std::uint64_t> address_of(std::string_view name) const;

    struct Place {
        std::string_view name;
        std::uint64_t offset = 0, size = 0;  ///< size: up to the next symbol
    };
    /// The function that contains an address; unset if none does.
    std::optional<Place> function_at(std::uint64_t address) const;
    /// "do_idle+0x1c3/0x290", or "0xffffffffc0123456" outside of functions.
    std::string name_of(CodeAddress code) const;

private:
    struct Symbol {
        std::uint64_t address = 0;
        std::uint32_t name = 0;  ///< where it begins in names_
        std::uint16_t length = 0;
        char type = 't';
    };
    std::string_view name(const Symbol& symbol) const;

    std::string names_;
    std::vector<Symbol> symbols_;
};

}  // namespace lktest
