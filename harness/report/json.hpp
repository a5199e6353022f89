// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/report/result.hpp"

namespace lktest {

/// matrix.json, in the schema "lktest.matrix/1" that README.md here describes.
std::string json_report(const RunReport& report);

/// One line of events.jsonl, with its newline.
std::string json_line(const Event& event);

}  // namespace lktest
