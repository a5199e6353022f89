// SPDX-License-Identifier: MIT
#include "harness/diagnose/last_boot.hpp"

#include <algorithm>
#include <iterator>

#include "firmware/kind.hpp"

namespace lktest {

std::vector<std::string> lines_of_last_boot(std::vector<std::string> console) {
    const auto starts_medium = [](const std::string& line) {
        return std::ranges::any_of(firmware_rows, [&line](const FirmwareRow& row) {
            return !row.handover.empty() && line.find(row.handover) != line.npos;
        });
    };
    const auto last = std::find_if(console.rbegin(), console.rend(), starts_medium);
    if (last != console.rend())
        console.erase(console.begin(), std::prev(last.base()));
    return console;
}

}  // namespace lktest
