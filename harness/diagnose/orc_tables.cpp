// SPDX-License-Identifier: MIT
#include "harness/diagnose/orc_tables.hpp"

namespace lktest {

std::optional<OrcTables> orc_tables(const Symbols& symbols) {
    const auto begin = symbols.address_of("__start_orc_unwind_ip");
    const auto end = symbols.address_of("__stop_orc_unwind_ip");
    const auto entries = symbols.address_of("__start_orc_unwind");
    if (!begin || !end || !entries || *end <= *begin || (*end - *begin) / 4 > OrcTables::most_entries)
        return std::nullopt;
    return OrcTables{*begin, *entries, (*end - *begin) / 4};
}

OrcKind orc_kind(const OrcEntry& entry, const OrcFormat& format) {
    if (format.has_end_bit) {
        const unsigned type = entry.rest >> 8 & 3;
        const bool end = (entry.rest & (1 << 10 | 1 << 11)) != 0 && entry.sp_register() == 0;
        return end || type > 2 ? OrcKind::end : static_cast<OrcKind>(type + 1);
    }
    switch (entry.rest >> 8 & 7) {
        case 2: return OrcKind::call;
        case 3: return OrcKind::registers;
        case 4: return OrcKind::part_of_registers;
        default: return OrcKind::end;
    }
}

}  // namespace lktest
