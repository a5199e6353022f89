// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "harness/console/check_log.hpp"
#include "harness/report/style.hpp"

namespace lktest {

/// The stage, the first failure with its full report, and one line for each later failure and warning.
/// @param fault  why the file is not a log; empty if it is one
std::string check_console_text(const std::string& file, const CheckedLog& log, const Style& style,
                               std::string_view fault = {});

/// One line of JSON, schema "lktest.console-check/1", with the full report of every finding.
std::string check_console_json(const std::string& file, const CheckedLog& log);

}  // namespace lktest
