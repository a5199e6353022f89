// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "harness/diagnose/printk_ring.hpp"

namespace lktest {

/// A record as dmesg prints it, "[    2.948528] text": a line for each of its lines, without
/// newlines, and printable but for tabs.
std::vector<std::string> dmesg_lines(const LogRecord& record);

/// A whole log, each line with its newline.
std::string dmesg(const std::vector<LogRecord>& log);

}  // namespace lktest
