// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/page_tables.hpp"

namespace lktest {

/// Linux's tty1 in memory: a struct vc_data (include/linux/console_struct.h).
struct VirtualTerminal {
    std::uint64_t columns = 0;  ///< physical address of its member vc_cols
    unsigned origin = 0;  ///< from there to vc_origin; kernels since 6.0 have another member between them
};

/// Looks for tty1 by the shape of its struct: numbers that must be each other's products and
/// differences. Works without symbols. Reads all memory that the guest has written: about ten milliseconds.
std::optional<VirtualTerminal> find_tty1(const GuestMemory& memory, const PageTables& tables);

/// Its rows, without trailing blanks. Unset if the terminal no longer exists; no rows while they are in the
/// memory of a VGA card, see text_screen_address.
std::optional<std::vector<std::string>> read_terminal(const GuestMemory& memory, const PageTables& tables,
                                                      const VirtualTerminal& terminal);

}  // namespace lktest
