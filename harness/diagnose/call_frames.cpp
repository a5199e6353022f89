// SPDX-License-Identifier: MIT
#include "harness/diagnose/call_frames.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "harness/diagnose/elf_header.hpp"
#include "harness/diagnose/orc_tables.hpp"

namespace lktest {
namespace {

/// More than any kernel has; damaged tables must not fill the disk.
constexpr std::uint64_t most_rows = 2'000'000;
/// Rows that a debugger reads to find the one of an address.
constexpr std::size_t most_rows_of_a_function = 256;

// Registers of DWARF (System V ABI for x86-64, figure 3.36).
constexpr std::uint8_t rbp_number = 6, rsp_number = 7, return_address = 16;

/// Instructions and operators of DWARF.
enum Op : std::uint8_t {
    advance_loc = 0x40,  // and the low bits
    offset_of = 0x80,    // and the register
    advance_loc1 = 0x02,
    advance_loc2 = 0x03,
    advance_loc4 = 0x04,
    undefined = 0x07,
    same_value = 0x08,
    def_cfa = 0x0c,
    def_cfa_expression = 0x0f,
    expression = 0x10,
    offset_extended_sf = 0x11,
    def_cfa_sf = 0x12,
    op_deref = 0x06,
    op_consts = 0x11,
    op_plus = 0x22,
    op_breg = 0x70,  // and the register
};

/// An unwind entry and the address from which it applies.
struct Row {
    std::uint64_t address = 0;
    OrcEntry entry;
};

std::vector<Row> read_rows(const AddressSpace& space, const OrcTables& tables) {
    const std::uint64_t count = std::min(tables.count, most_rows);
    const std::string away = space.bytes_at(tables.addresses, 4 * count);
    const std::string entries = space.bytes_at(tables.entries, 6 * count);
    std::vector<Row> rows;
    for (std::uint64_t i = 0; 4 * (i + 1) <= away.size() && 6 * (i + 1) <= entries.size(); ++i) {
        std::int32_t distance = 0;
        Row row;
        std::memcpy(&distance, away.data() + 4 * i, sizeof distance);
        std::memcpy(&row.entry, entries.data() + 6 * i, sizeof row.entry);
        row.address = tables.addresses + 4 * i + static_cast<std::uint64_t>(std::int64_t{distance});
        if (rows.empty() || row.address > rows.back().address)
            rows.push_back(row);
    }
    return rows;
}

/// The format with which most entries are plain calls.
const OrcFormat& format_of(const std::vector<Row>& rows) {
    return *std::ranges::max_element(orc_formats, {}, [&rows](const OrcFormat& format) {
        return std::ranges::count_if(rows, [&format](const Row& row) {
            return orc_kind(row.entry, format) == OrcKind::call && row.entry.sp_register() == format.sp &&
                   row.entry.sp_offset >= 8;
        });
    });
}

void add_unsigned(std::string& out, std::uint64_t value) {
    for (; value > 0x7f; value >>= 7)
        out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
}

void add_signed(std::string& out, std::int64_t value) {
    for (;; value >>= 7) {
        const bool last = value >= -64 && value < 64;
        out += static_cast<char>((value & 0x7f) | (last ? 0 : 0x80));
        if (last)
            return;
    }
}

void add_byte(std::string& out, unsigned byte) {
    out += static_cast<char>(byte);
}

void add_advance(std::string& out, std::uint64_t distance) {
    if (distance < 0x40) {
        add_byte(out, advance_loc | static_cast<unsigned>(distance));
    } else if (distance < 0x100) {
        add_byte(out, advance_loc1);
        append_elf(out, static_cast<std::uint8_t>(distance));
    } else if (distance < 0x10000) {
        add_byte(out, advance_loc2);
        append_elf(out, static_cast<std::uint16_t>(distance));
    } else {
        add_byte(out, advance_loc4);
        append_elf(out, static_cast<std::uint32_t>(distance));
    }
}

/// A register is stored at the frame's address plus `offset`.
void add_saved(std::string& out, unsigned number, int offset) {
    add_byte(out, offset_extended_sf);
    add_unsigned(out, number);
    add_signed(out, offset / -8);
}

void add_expression(std::string& out, const std::string& operators) {
    add_unsigned(out, operators.size());
    out += operators;
}

/// Memory at a register plus `offset`, plus another offset.
std::string indirect(unsigned number, int offset, int then) {
    std::string operators;
    add_byte(operators, op_breg | number);
    add_signed(operators, offset);
    add_byte(operators, op_deref);
    if (then != 0) {
        add_byte(operators, op_consts);
        add_signed(operators, then);
        add_byte(operators, op_plus);
    }
    return operators;
}

/// The instructions of a row; unset if the stack cannot be followed from there.
std::optional<std::string> instructions(const OrcEntry& entry, const OrcFormat& format) {
    const OrcKind kind = orc_kind(entry, format);
    const unsigned from = entry.sp_register();
    std::string out;
    if (from == format.sp || from == orc_bp) {
        const bool negative = entry.sp_offset < 0;
        add_byte(out, negative ? def_cfa_sf : def_cfa);
        add_unsigned(out, from == orc_bp ? rbp_number : rsp_number);
        if (negative)
            add_signed(out, entry.sp_offset / -8);
        else
            add_unsigned(out, static_cast<std::uint64_t>(entry.sp_offset));
    } else if (from == format.bp_indirect || from == orc_sp_indirect) {
        add_byte(out, def_cfa_expression);
        add_expression(out, from == format.bp_indirect ? indirect(rbp_number, entry.sp_offset, 0)
                                                       : indirect(rsp_number, 0, entry.sp_offset));
    } else {
        return std::nullopt;
    }
    switch (kind) {
        case OrcKind::end: return std::nullopt;
        case OrcKind::call:
            add_saved(out, return_address, -8);
            if (entry.bp_register() == format.previous_sp) {
                add_saved(out, rbp_number, entry.bp_offset);
            } else if (entry.bp_register() == orc_bp) {
                std::string operators;
                add_byte(operators, op_breg | rbp_number);
                add_signed(operators, entry.bp_offset);
                add_byte(out, expression);
                add_unsigned(out, rbp_number);
                add_expression(out, operators);
            } else {
                add_byte(out, same_value);
                add_unsigned(out, rbp_number);
            }
            return out;
        case OrcKind::registers:  // a struct pt_regs
            add_saved(out, return_address, 128);
            add_saved(out, rsp_number, 152);
            add_saved(out, rbp_number, 32);
            return out;
        case OrcKind::part_of_registers:  // what the CPU pushes at an interrupt
            add_saved(out, return_address, 0);
            add_saved(out, rsp_number, 24);
            return out;
    }
    return std::nullopt;
}

/// Puts the length before an entry, which is padded with DW_CFA_nop.
void add_entry(std::string& section, std::string entry) {
    entry.resize((entry.size() + 4 + 7) / 8 * 8 - 4);
    append_elf(section, static_cast<std::uint32_t>(entry.size()));
    section += entry;
}

/// @param augmentation  "S" for the frame of an interrupt, whose saved address does not follow a call
std::string common_entry(const std::string& augmentation) {
    std::string entry;
    append_elf(entry, std::uint32_t{0xffff'ffff});
    add_byte(entry, 1);  // the version
    entry += augmentation + '\0';
    add_unsigned(entry, 1);  // factor of addresses
    add_signed(entry, -8);   // factor of offsets
    add_byte(entry, return_address);
    return entry;
}

}  // namespace

std::string call_frames(const AddressSpace& space, const Symbols& symbols) {
    const auto tables = orc_tables(symbols);
    if (!tables)
        return "";
    const std::vector<Row> rows = read_rows(space, *tables);
    if (rows.size() < 2)
        return "";
    const OrcFormat& format = format_of(rows);
    std::string section;
    add_entry(section, common_entry(""));
    const auto of_interrupts = static_cast<std::uint32_t>(section.size());
    add_entry(section, common_entry("S"));

    for (std::size_t begin = 0, end = 0; begin + 1 < rows.size(); begin = end) {
        // One entry has rows of one kind, because an interrupt's rows set registers that calls leave alone.
        const OrcKind kind = orc_kind(rows[begin].entry, format);
        std::string code;
        std::uint64_t at = rows[begin].address;
        for (end = begin; end + 1 < rows.size() && end - begin < most_rows_of_a_function &&
                          orc_kind(rows[end].entry, format) == kind;
             ++end) {
            if (end > begin)
                add_advance(code, rows[end].address - at);
            at = rows[end].address;
            if (const auto how = instructions(rows[end].entry, format)) {
                code += *how;
            } else {
                add_byte(code, def_cfa);  // gdb wants one although it goes no further
                add_unsigned(code, rsp_number);
                add_unsigned(code, 8);
                add_byte(code, undefined);
                add_unsigned(code, return_address);
            }
        }
        std::string entry;
        append_elf(entry, kind == OrcKind::registers || kind == OrcKind::part_of_registers
                              ? of_interrupts
                              : std::uint32_t{0});
        append_elf(entry, rows[begin].address);
        append_elf(entry, rows[end].address - rows[begin].address);
        add_entry(section, entry + code);
    }
    return section;
}

}  // namespace lktest
