// SPDX-License-Identifier: MIT
#include "harness/diagnose/text_cells.hpp"

namespace lktest {
namespace {

/// A character of code page 437 as it should appear in a log.
char plain(unsigned char c) {
    if (c == 0 || c == 0xff)
        return ' ';
    if (c < 0x20 || c == 0x7f)
        return '?';
    if (c < 0x80)
        return static_cast<char>(c);
    if (c == 0xb3 || c == 0xba)
        return '|';
    if (c == 0xc4 || c == 0xcd)
        return '-';
    if (c >= 0xb4 && c <= 0xda)
        return '+';
    return '?';
}

}  // namespace

std::vector<std::string> rows_of_cells(std::string_view cells, std::size_t columns) {
    std::vector<std::string> rows;
    std::size_t odd = 0, drawn = 0;
    std::string row;
    for (std::size_t cell = 0; cell + 1 < cells.size(); cell += 2) {
        const auto c = static_cast<unsigned char>(cells[cell]);
        drawn += c != 0 && c != ' ' ? 1 : 0;
        odd += (c != 0 && c < 0x20) || (c > 0x7e && (c < 0xb0 || c > 0xdf) && c != 0xff) ? 1 : 0;
        row += plain(c);
        if (row.size() == columns) {
            row.erase(row.find_last_not_of(' ') + 1);
            rows.push_back(std::move(row));
            row.clear();
        }
    }
    // An unreadable screen of letters is video memory in a graphics mode.
    if (odd * 4 > drawn)
        return {};
    return rows;
}

}  // namespace lktest
