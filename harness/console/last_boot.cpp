// SPDX-License-Identifier: MIT
#include "harness/console/last_boot.hpp"

#include <algorithm>
#include <iterator>

#include "firmware/kind.hpp"

namespace lktest {

bool starts_a_medium(std::string_view line) {
    const auto hands_over = [line](const FirmwareRow& row) {
        return !row.handover.empty() && line.find(row.handover) != line.npos;
    };
    return std::ranges::any_of(firmware_rows, hands_over) && line.find(" from Fv(") == line.npos;
}

std::vector<std::string> lines_of_last_boot(std::vector<std::string> console) {
    const auto last = std::find_if(console.rbegin(), console.rend(), starts_a_medium);
    if (last != console.rend())
        console.erase(console.begin(), std::prev(last.base()));
    return console;
}

}  // namespace lktest
