// SPDX-License-Identifier: MIT
#include "harness/diagnose/virtual_terminal.hpp"

#include <array>
#include <cstring>

#include "harness/diagnose/text_cells.hpp"

namespace lktest {
namespace {

constexpr std::uint32_t least_columns = 40, most_columns = 1024;
constexpr std::uint32_t least_rows = 10, most_rows = 512;
/// Places that have the shape of a terminal but cannot be read; a kernel has a few.
constexpr unsigned most_terminals = 64;

/// The members that define the shape.
struct Geometry {
    std::uint32_t columns = 0, rows = 0;
    std::uint64_t origin = 0;  ///< where the rows begin, a virtual address
};

std::uint32_t word(const std::byte* bytes) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

/// vc_cols, vc_rows, vc_size_row: whether three numbers can be these.
bool plausible(std::uint32_t columns, std::uint32_t rows, std::uint32_t row_size) {
    return columns >= least_columns && columns <= most_columns && row_size == 2 * columns &&
           rows >= least_rows && rows <= most_rows;
}

/// After vc_origin: vc_scr_end, vc_visible_origin, vc_top, vc_bottom, vc_sw, vc_screenbuf, vc_screenbuf_size.
std::optional<Geometry> geometry_at(const GuestMemory& memory, const VirtualTerminal& terminal) {
    const auto numbers = memory.value<std::array<std::uint32_t, 3>>(terminal.columns);
    if (!numbers || !plausible((*numbers)[0], (*numbers)[1], (*numbers)[2]))
        return std::nullopt;
    const auto pointers = memory.value<std::array<std::uint64_t, 6>>(terminal.columns + terminal.origin);
    const auto size = memory.value<std::uint32_t>(terminal.columns + terminal.origin + 48);
    if (!pointers || !size)
        return std::nullopt;
    const auto [origin, end, visible, margins, operations, buffer] = *pointers;
    const std::uint32_t rows = (*numbers)[1];
    const std::uint64_t bytes = std::uint64_t{rows} * (*numbers)[2];
    const bool agrees = in_kernel_half(origin) && end == origin + bytes && in_kernel_half(visible) &&
                        (margins >> 32) <= rows && (margins & 0xffff'ffff) < rows &&
                        in_kernel_half(operations) && in_kernel_half(buffer) && *size == bytes;
    return agrees ? std::optional(Geometry{(*numbers)[0], rows, origin}) : std::nullopt;
}

/// The terminal whose vc_cols is here, if it is that of tty1: vc_num, just before it, is 0.
std::optional<VirtualTerminal> terminal_at(const GuestMemory& memory, std::uint64_t columns) {
    if (memory.value<std::uint32_t>(columns - 4) != 0U)
        return std::nullopt;
    // Four or five numbers, and the pointer aligned.
    for (const unsigned numbers : {16U, 20U}) {
        const auto aligned = static_cast<unsigned>(((columns + numbers + 7) & ~std::uint64_t{7}) - columns);
        const VirtualTerminal terminal{columns, aligned};
        if (geometry_at(memory, terminal))
            return terminal;
    }
    return std::nullopt;
}

}  // namespace

std::optional<VirtualTerminal> find_tty1(const GuestMemory& memory, const PageTables& tables) {
    unsigned terminals = 0;
    for (const MemorySpan& span : memory.spans()) {
        const std::byte* bytes = span.bytes.data();
        for (std::size_t at = (4 - span.address % 4) % 4; at + 12 <= span.bytes.size(); at += 4) {
            const std::uint32_t columns = word(bytes + at);
            if (columns < least_columns || columns > most_columns ||
                !plausible(columns, word(bytes + at + 4), word(bytes + at + 8)))
                continue;
            const auto terminal = terminal_at(memory, span.address + at);
            if (!terminal)
                continue;
            if (read_terminal(memory, tables, *terminal))
                return terminal;
            if (++terminals == most_terminals)
                return std::nullopt;
        }
    }
    return std::nullopt;
}

std::optional<std::vector<std::string>> read_terminal(const GuestMemory& memory, const PageTables& tables,
                                                      const VirtualTerminal& terminal) {
    const auto geometry = geometry_at(memory, terminal);
    if (!geometry)
        return std::nullopt;
    std::string cells;
    const std::size_t row_size = std::size_t{2} * geometry->columns;
    // Row by row: virtually contiguous rows may be apart in physical memory.
    for (std::uint32_t row = 0; row < geometry->rows; ++row) {
        const auto place = translate(memory, tables, geometry->origin + row * row_size);
        if (!place)
            return std::nullopt;
        cells += memory.bytes_at(*place, row_size);
        cells.resize((row + 1) * row_size);
    }
    return rows_of_cells(cells, geometry->columns);
}

}  // namespace lktest
