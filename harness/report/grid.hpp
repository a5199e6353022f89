// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/report/style.hpp"
#include "harness/results/run.hpp"

namespace lktest {

/// What a box of the matrix shows: "✗ kernel-crash  12.3s", and under it "after boot-loader".
struct Box {
    Tone tone = Tone::plain;
    std::string mark;  ///< one column
    std::string text, time, note;
};

/// The box of a cell that has ended.
Box box(const results::Ending& ending);

/// "✗" in red, and so on: how an outcome of this class is marked.
Span mark(OutcomeClass outcome_class);

/// The matrix as a table: a row for each image and architecture (scenario and medium too, where
/// they differ), a column for each firmware.
struct Grid {
    struct Row {
        std::vector<std::string> labels;
        std::vector<std::optional<Box>> boxes;  ///< one for each column; nothing where no cell was planned
    };
    std::vector<std::string> label_headings, columns;
    std::vector<Row> rows;
};

struct CellBox {
    results::Cell cell;
    Box box;
};
Grid arrange(const std::vector<CellBox>& cells);

/// The heading, a rule, and the rows. Labels are clipped so far as that makes it fit the style's width.
std::vector<Line> draw(const Grid& grid, const Style& style);

/// The shortest names that tell these cells apart, in their order: "x86_64-uefi".
std::vector<std::string> short_names(const std::vector<results::Cell>& cells);

}  // namespace lktest
