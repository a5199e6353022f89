// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/report/style.hpp"

namespace lktest {

/// "1.5 MiB"
std::string size_text(std::uint64_t bytes);

/// "one · two"
std::string joined(const std::vector<std::string>& parts);

/// Sections of rows: the first row of a section shows its title, and columns are aligned within a section.
class Sheet {
public:
    explicit Sheet(const Style& style) : style_(style) {}

    /// @param cells  the last one may be long; it is wrapped
    void row(std::string_view title, std::vector<std::string> cells);

    void line(Line line) {
        flush();
        text_ += paint(line, style_) + "\n";
    }

    std::string finish() {
        flush();
        return std::move(text_);
    }

private:
    static constexpr std::size_t margin = 13, gap = 2;

    struct Row {
        std::string title;
        std::vector<std::string> cells;
    };

    void flush();

    void print(const Row& row, const std::vector<std::size_t>& widths);

    Style style_;
    std::vector<Row> rows_;
    std::string text_;
};

/// A section's title, which only its first row shows.
class Title {
public:
    explicit Title(std::string_view text) : text_(text) {}
    std::string_view operator()() { return std::exchange(text_, ""); }

private:
    std::string_view text_;
};

}  // namespace lktest
