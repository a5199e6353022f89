// SPDX-License-Identifier: MIT
#include "harness/report/sheet.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "builder/base/printable.hpp"

namespace lktest {

std::string size_text(std::uint64_t bytes) {
    if (bytes < 10 << 10)
        return fmt::format("{} B", bytes);
    if (bytes < 10 << 20)
        return fmt::format("{:.0f} KiB", static_cast<double>(bytes) / (1 << 10));
    if (bytes < std::uint64_t{10} << 30)
        return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
    return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1 << 30));
}

std::string joined(const std::vector<std::string>& parts) {
    return fmt::format("{}", fmt::join(parts, " · "));
}

void Sheet::row(std::string_view title, std::vector<std::string> cells) {
    if (!title.empty())
        flush();
    for (std::string& cell : cells)
        cell = printable(cell);
    rows_.push_back({std::string(title), std::move(cells)});
}

void Sheet::flush() {
    std::vector<std::size_t> widths;
    for (const Row& row : rows_)
        for (std::size_t i = 0; i < row.cells.size(); ++i) {
            widths.resize(std::max(widths.size(), i + 1));
            if (i + 1 < row.cells.size())
                widths[i] = std::max(widths[i], columns(row.cells[i]));
        }
    for (const Row& row : rows_)
        print(row, widths);
    rows_.clear();
}

void Sheet::print(const Row& row, const std::vector<std::size_t>& widths) {
    Line line{{fmt::format("{:{}}", row.title, margin), Tone::dim}};
    std::size_t used = margin;
    for (std::size_t i = 0; i + 1 < row.cells.size(); ++i) {
        const std::size_t pad = widths[i] + gap - columns(row.cells[i]);
        line.push_back({row.cells[i] + std::string(pad, ' ')});
        used += widths[i] + gap;
    }
    const std::size_t room = std::max(style_.width, used + 24) - used;
    const auto parts = row.cells.empty() ? std::vector<std::string>() : wrap(row.cells.back(), room);
    for (std::size_t i = 0; i < std::max<std::size_t>(parts.size(), 1); ++i) {
        if (i > 0)
            line = {{std::string(used, ' ')}};
        if (i < parts.size())
            line.push_back({parts[i]});
        text_ += paint(line, style_) + "\n";
    }
}

}  // namespace lktest
