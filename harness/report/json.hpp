// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "builder/base/json_text.hpp"
#include "harness/report/result.hpp"

namespace lktest {

/// What tells a cell from others: name, scenario, image, and a value for each axis.
Json json_cell(const BootCell& cell);

/// matrix.json, in the schema "lktest.matrix/1" that README.md here describes.
std::string json_report(const RunReport& report);

/// One line of events.jsonl, with its newline.
std::string json_line(const Event& event);

/// One line of `lktest run --format jsonl`: the same with the cell's name, and how a cell ended, as the
/// kind "verdict".
std::string json_line(const BootCell& cell, const Event& event);
std::string json_line(const BootCell& cell, const Verdict& verdict);

}  // namespace lktest
