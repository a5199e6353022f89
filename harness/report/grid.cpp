// SPDX-License-Identifier: MIT
#include "harness/report/grid.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string_view>

#include "builder/base/printable.hpp"

namespace lktest {
namespace {

using results::Cell;

constexpr std::size_t label_gap = 2, box_gap = 4, shortest_label = 8;

/// The parts of a cell's name that differ in this matrix.
struct Differences {
    bool scenario = false, image = false, medium = false, hardware = false;
};

Differences differences(const std::vector<Cell>& cells) {
    Differences found;
    for (const Cell& cell : cells) {
        found.scenario |= cell.scenario != cells.front().scenario;
        found.image |= cell.image != cells.front().image;
        found.medium |= cell.medium != cells.front().medium;
        found.hardware |= !cell.variant.empty();
    }
    return found;
}

void pad(Line& line, std::size_t used, std::size_t width) {
    if (used < width)
        line.push_back({std::string(width - used, ' ')});
}

/// The widths of the parts of one column: "✓ " text, gap, time.
struct BoxWidth {
    std::size_t text = 0, time = 0, total = 0;
};

BoxWidth measure(const Grid& grid, std::size_t column) {
    BoxWidth width;
    std::size_t note = columns(grid.columns[column]);
    for (const Grid::Row& row : grid.rows)
        if (const auto& box = row.boxes[column]) {
            width.text = std::max(width.text, columns(box->text));
            width.time = std::max(width.time, columns(box->time));
            note = std::max(note, columns(box->note) + 2);
        }
    width.total = std::max(2 + width.text + (width.time > 0 ? 2 + width.time : 0), note);
    return width;
}

// Ways to shorten a label.

/// "…-standard"
std::string keep_tail(std::string_view text, std::size_t width) {
    if (columns(text) <= width || width == 0)
        return std::string(text);
    while (columns(text) > width - 1)
        text.remove_prefix(first_code_point(text).size);
    return "…" + std::string(text);
}

/// "debian-…-standard"
std::string keep_ends(std::string_view text, std::size_t width) {
    if (columns(text) <= width || width < 3)
        return clip(text, width);
    std::string head;
    for (std::string_view rest = text; columns(head) < width / 2 - 1;) {
        const std::size_t size = first_code_point(rest).size;
        head += rest.substr(0, size);
        rest.remove_prefix(size);
    }
    return head + keep_tail(text, width - columns(head));
}

using Shorten = std::string (*)(std::string_view, std::size_t);
constexpr std::array<Shorten, 3> ways{clip, keep_ends, keep_tail};

bool tells_apart(const std::set<std::string_view>& labels, Shorten way, std::size_t width) {
    std::set<std::string> seen;
    return std::ranges::all_of(labels,
                               [&](std::string_view label) { return seen.insert(way(label, width)).second; });
}

/// How the labels of a column can be shortened without making two of them the same.
struct LabelShape {
    std::set<std::string_view> labels;

    explicit LabelShape(const Grid& grid, std::size_t column) {
        for (const Grid::Row& row : grid.rows)
            labels.insert(row.labels[column]);
    }
    /// Unset if no way works.
    std::optional<Shorten> way(std::size_t width) const {
        const auto found =
            std::ranges::find_if(ways, [&](Shorten one) { return tells_apart(labels, one, width); });
        return found == ways.end() ? std::nullopt : std::optional(*found);
    }
    std::size_t least(std::size_t whole) const {
        constexpr std::size_t too_many = 500;  // to look for the best width at each frame
        std::size_t width = std::min(whole, shortest_label);
        while (width < whole && labels.size() < too_many && !way(width))
            ++width;
        return width;
    }
};

std::vector<std::size_t> label_widths(const Grid& grid) {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < grid.label_headings.size(); ++i) {
        std::size_t width = columns(grid.label_headings[i]);
        for (const Grid::Row& row : grid.rows)
            width = std::max(width, columns(row.labels[i]));
        widths.push_back(width);
    }
    return widths;
}

struct Widths {
    std::vector<std::size_t> labels;
    std::vector<Shorten> shorten;  ///< for each label
    std::vector<BoxWidth> boxes;

    std::size_t all_labels() const {
        std::size_t sum = label_gap;
        for (const std::size_t label : labels)
            sum += label + label_gap;
        return sum;
    }
    std::size_t total() const {
        std::size_t sum = all_labels() - (boxes.empty() ? 2 * label_gap : box_gap);
        for (const BoxWidth& box : boxes)
            sum += box.total + box_gap;
        return sum;
    }
};

/// Shortens the widest labels until `excess` columns are saved, or shorter ones would be the same.
void shrink(Widths& widths, const Grid& grid, std::size_t excess) {
    std::vector<LabelShape> shapes;
    std::vector<std::size_t> least;
    for (std::size_t i = 0; i < widths.labels.size(); ++i)
        least.push_back(shapes.emplace_back(grid, i).least(widths.labels[i]));
    for (; excess > 0; --excess) {
        std::size_t widest = widths.labels.size();
        for (std::size_t i = 0; i < widths.labels.size(); ++i)
            if (widths.labels[i] > least[i] &&
                (widest == widths.labels.size() || widths.labels[i] > widths.labels[widest]))
                widest = i;
        if (widest == widths.labels.size())
            break;
        --widths.labels[widest];
    }
    for (std::size_t i = 0; i < shapes.size(); ++i)
        widths.shorten[i] = shapes[i].way(widths.labels[i]).value_or(clip);
}

/// The part of the table with these columns, and the rows that have boxes there.
Grid part_of(const Grid& grid, std::size_t from, std::size_t to) {
    const auto at = [](std::size_t i) { return static_cast<std::ptrdiff_t>(i); };
    Grid part{.label_headings = grid.label_headings,
              .columns = {grid.columns.begin() + at(from), grid.columns.begin() + at(to)},
              .rows = {}};
    for (const Grid::Row& row : grid.rows)
        if (std::any_of(row.boxes.begin() + at(from), row.boxes.begin() + at(to),
                        [](const auto& box) { return box.has_value(); }))
            part.rows.push_back({row.labels, {row.boxes.begin() + at(from), row.boxes.begin() + at(to)}});
    return part;
}

void draw_labels(Line& line, const std::vector<std::string>& labels, const Widths& widths, Tone tone) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
        line.push_back({widths.shorten[i](labels[i], widths.labels[i]), tone});
        pad(line, columns(line.back().text), widths.labels[i] + label_gap);
    }
    line.push_back({std::string(label_gap, ' ')});
}

Line heading(const Grid& grid, const Widths& widths) {
    Line line;
    draw_labels(line, grid.label_headings, widths, Tone::dim);
    for (std::size_t i = 0; i < grid.columns.size(); ++i) {
        line.push_back({grid.columns[i], Tone::strong});
        pad(line, columns(grid.columns[i]), widths.boxes[i].total + box_gap);
    }
    return line;
}

Line rule(std::size_t width) {
    std::string text;
    for (std::size_t i = 0; i < width; ++i)
        text += "─";
    return {{text, Tone::dim}};
}

void draw_box(Line& line, const Box& box, const BoxWidth& width) {
    line.push_back({box.mark, box.tone});
    line.push_back(
        {" " + box.text, box.tone == Tone::good || box.tone == Tone::busy ? Tone::plain : box.tone});
    std::size_t used = 2 + columns(box.text);
    if (!box.time.empty()) {
        // Times are right-aligned, so that they can be compared.
        pad(line, used + columns(box.time), width.total);
        line.push_back({box.time, Tone::dim});
        used = std::max(used + columns(box.time), width.total);
    }
    pad(line, used, width.total + box_gap);
}

Line boxes_line(const Grid::Row& row, const Widths& widths) {
    Line line;
    draw_labels(line, row.labels, widths, Tone::plain);
    for (std::size_t i = 0; i < row.boxes.size(); ++i)
        draw_box(line, row.boxes[i].value_or(Box{}), widths.boxes[i]);
    return line;
}

/// The line under a row, if its boxes have a second line.
Line notes_line(const Grid::Row& row, const Widths& widths) {
    Line line{{std::string(widths.all_labels(), ' ')}};
    for (std::size_t i = 0; i < row.boxes.size(); ++i) {
        const std::string note = row.boxes[i] && !row.boxes[i]->note.empty() ? "  " + row.boxes[i]->note : "";
        line.push_back({note, Tone::dim});
        pad(line, columns(note), widths.boxes[i].total + box_gap);
    }
    return line;
}

}  // namespace

Span mark(OutcomeClass outcome_class) {
    switch (outcome_class) {
        case OutcomeClass::passed: return {"✓", Tone::good};
        case OutcomeClass::not_applicable: return {"–", Tone::dim};
        case OutcomeClass::cancelled: return {"○", Tone::fault};
        case OutcomeClass::tolerated: return {"~", Tone::fault};
        case OutcomeClass::product_failure: return {"✗", Tone::bad};
        case OutcomeClass::host_failure: return {"!", Tone::fault};
    }
    return {"?", Tone::fault};
}

Box box(const results::Ending& ending) {
    const OutcomeClass outcome_class = ending.outcome_class;
    const Span marked = mark(outcome_class);
    if (outcome_class == OutcomeClass::not_applicable)
        return {marked.tone, marked.text, "n/a", "", ""};
    if (outcome_class == OutcomeClass::passed)
        return {marked.tone, marked.text, ending.reached, results::short_time(ending.took), ""};
    const std::string note = ending.reached.empty() ? "" : "after " + ending.reached;
    return {marked.tone, marked.text, ending.outcome, results::short_time(ending.took), note};
}

Grid arrange(const std::vector<CellBox>& cells) {
    std::vector<Cell> plain;
    plain.reserve(cells.size());
    for (const CellBox& cell : cells)
        plain.push_back(cell.cell);
    Differences shown = differences(plain);
    shown.medium |= std::ranges::any_of(plain, [](const Cell& c) { return c.medium != name(plain_medium); });

    Grid grid;
    for (const Firmware firmware : all_firmwares)
        if (std::ranges::find(plain, name(firmware), &Cell::firmware) != plain.end())
            grid.columns.emplace_back(name(firmware));
    for (const Cell& cell : plain)  // from a newer lktest
        if (std::ranges::find(grid.columns, cell.firmware) == grid.columns.end())
            grid.columns.push_back(cell.firmware);
    if (shown.scenario)
        grid.label_headings.emplace_back("scenario");
    grid.label_headings.insert(grid.label_headings.end(), {"image", "arch"});
    if (shown.medium)
        grid.label_headings.emplace_back("medium");
    if (shown.hardware)
        grid.label_headings.emplace_back("machine");

    for (const CellBox& cell : cells) {
        std::vector<std::string> labels;
        if (shown.scenario)
            labels.push_back(cell.cell.scenario);
        labels.push_back(cell.cell.image);
        labels.push_back(cell.cell.arch);
        if (shown.medium)
            labels.push_back(cell.cell.medium);
        if (shown.hardware)
            labels.push_back(fmt::format("{}", fmt::join(cell.cell.variant, " ")));
        auto row = std::ranges::find(grid.rows, labels, &Grid::Row::labels);
        if (row == grid.rows.end())
            row = grid.rows.insert(row, {labels, std::vector<std::optional<Box>>(grid.columns.size())});
        const auto column = std::ranges::find(grid.columns, cell.cell.firmware) - grid.columns.begin();
        row->boxes[static_cast<std::size_t>(column)] = cell.box;
    }
    return grid;
}

std::vector<Line> draw(const Grid& grid, const Style& style) {
    Widths widths{label_widths(grid), {}, {}};
    widths.shorten.assign(widths.labels.size(), clip);
    for (std::size_t i = 0; i < grid.columns.size(); ++i)
        widths.boxes.push_back(measure(grid, i));
    if (const std::size_t wanted = widths.total(); style.shorten && wanted > style.width)
        shrink(widths, grid, wanted - style.width);
    if (style.shorten && widths.total() > style.width && grid.columns.size() > 1) {
        // Two narrower tables, one below the other, instead of boxes that are cut.
        const std::size_t half = (grid.columns.size() + 1) / 2;
        std::vector<Line> lines = draw(part_of(grid, 0, half), style);
        lines.emplace_back();
        std::ranges::move(draw(part_of(grid, half, grid.columns.size()), style), std::back_inserter(lines));
        return lines;
    }

    std::vector<Line> lines{heading(grid, widths), rule(widths.total())};
    for (const Grid::Row& row : grid.rows) {
        lines.push_back(boxes_line(row, widths));
        if (std::ranges::any_of(row.boxes, [](const auto& box) { return box && !box->note.empty(); }))
            lines.push_back(notes_line(row, widths));
    }
    return lines;
}

std::vector<std::string> short_names(const std::vector<Cell>& cells) {
    const Differences shown = differences(cells);
    std::vector<std::string> names;
    for (const Cell& cell : cells) {
        std::string text;
        if (shown.scenario)
            text += cell.scenario + ".";
        if (shown.image && std::ranges::any_of(cells, [&](const Cell& other) {
                // Images that differ only by architecture are distinguished by it.
                return other.arch == cell.arch && other.image != cell.image;
            }))
            text += cell.image + ".";
        text += fmt::format("{}-{}", cell.arch, cell.firmware);
        if (shown.medium)
            text += fmt::format("-{}", cell.medium);
        for (const std::string& word : cell.variant)
            text += "-" + word;
        names.push_back(std::move(text));
    }
    return names;
}

}  // namespace lktest
