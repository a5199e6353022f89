// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/console/check_log.hpp"
#include "harness/report/style.hpp"

namespace lktest {

/// The stage, the first failure with its whole report, and a line for each later one and each warning.
std::string check_console_text(const std::string& file, const CheckedLog& log, const Style& style);

/// One line of JSON, schema "lktest.console-check/1", with the whole report of every finding.
std::string check_console_json(const std::string& file, const CheckedLog& log);

}  // namespace lktest
