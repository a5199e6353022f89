// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/matrix/event.hpp"
#include "harness/results/run.hpp"

namespace lktest {

/// matrix.json, in the schema "lktest.matrix/1" described in README.md.
std::string json_report(const results::Run& run);

/// One line of events.jsonl, with its newline.
std::string json_line(const Event& event);

/// One line of `lktest run --format jsonl`: the same with the cell's name. A cell's end has the kind
/// "verdict".
std::string json_line(const results::Cell& cell, const Event& event);
std::string json_line(const results::Cell& cell, const results::Ending& ending);

/// The verdicts of a run, a line each.
std::string json_lines(const results::Run& run);

}  // namespace lktest
