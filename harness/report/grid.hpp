// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/report/style.hpp"
#include "harness/results/run.hpp"

namespace lktest {

/// A box of the matrix: "✗ kernel-crash  12.3s", and under it "after boot-loader".
struct Box {
    Tone tone = Tone::plain;
    std::string mark;  ///< one column
    std::string text, time, note;
};

/// The box of a cell that has ended.
Box box(const results::Ending& ending);

/// The mark of an outcome's class: "✗" in red, and so on.
Span mark(OutcomeClass outcome_class);

/// The matrix as a table: a row for each image and architecture (scenario and medium too, where
/// they differ), a column for each firmware.
struct Grid {
    struct Row {
        std::vector<std::string> labels;
        std::vector<std::optional<Box>> boxes;  ///< one for each column; unset if no cell was planned
    };
    std::vector<std::string> label_headings, columns;
    std::vector<Row> rows;
};

struct CellBox {
    results::Cell cell;
    Box box;
};
Grid arrange(const std::vector<CellBox>& cells);

/// The heading, a rule, and the rows. To fit the style's width, labels are shortened as far as they stay
/// different, and then columns move to a second table.
std::vector<Line> draw(const Grid& grid, const Style& style);

/// The shortest unique names of these cells, in their order: "x86_64-uefi".
std::vector<std::string> short_names(const std::vector<results::Cell>& cells);

}  // namespace lktest
