// SPDX-License-Identifier: MIT
#include "harness/report/tap.hpp"

#include <fmt/format.h>

#include <utility>

namespace lktest {
namespace {

using results::CellResult;

/// Escapes '#', which would begin a directive.
std::string for_tap(std::string_view text) {
    std::string out;
    for (const char c : text)
        out += c == '#' ? "\\#" : std::string(1, c);
    return out;
}

bool is_ok(const CellResult& cell) {
    return cell.passed() || !cell.bootable() || (cell.tolerated() && cell.verdict->is(Outcome::flaky));
}

/// The text after a cell's name: a directive, or a note for people.
std::string directive(const CellResult& cell) {
    if (!cell.bootable())
        return fmt::format(" # SKIP {}", for_tap(cell.verdict->reason));
    if (!cell.tolerated())
        return "";
    if (cell.verdict->is(Outcome::flaky))
        return " # flaky";
    return fmt::format(" # TODO {}",
                       for_tap(cell.verdict->reason.empty() ? cell.outcome() : cell.verdict->reason));
}

/// A YAML block. JSON strings are valid YAML.
std::string yaml_block(const CellResult& cell) {
    const results::Ending ending = cell.verdict.value_or(results::Ending());
    std::string text = fmt::format("  ---\n  outcome: {}\n", json_output(cell.outcome()));
    for (const auto& [key, value] : {std::pair("reason", ending.reason), std::pair("reached", ending.reached),
                                     std::pair("missing", ending.missing), std::pair("fix", ending.hint),
                                     std::pair("again", cell.reproduce)})
        if (!value.empty())
            text += fmt::format("  {}: {}\n", key, json_output(value));
    return text + "  ...\n";
}

}  // namespace

std::string tap_report(const results::Run& run) {
    std::string text = fmt::format("TAP version 13\n1..{}\n", run.cells.size());
    std::size_t number = 0;
    for (const CellResult& cell : run.cells) {
        text += fmt::format("{} {} - {}{}\n", is_ok(cell) ? "ok" : "not ok", ++number,
                            for_tap(cell.cell.name), directive(cell));
        if (cell.bootable() && !cell.passed())
            text += yaml_block(cell);
    }
    return text;
}

}  // namespace lktest
