// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/console/log_rules.hpp"
#include "harness/console/log_words.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// A failure in a saved log.
struct LogFinding {
    std::string kind;  ///< its name in failures.toml; or "unexpected-reboot"
    std::string reason, hint;
    bool warning = false;  ///< does not make the log fail
    std::size_t line = 0;  ///< in the file, from 1
    std::size_t boot = 0;  ///< the boot in the log, from 0
    /// The whole report of a kernel; for other failures the line and some that follow it.
    std::vector<std::string> lines;
};

/// Everything learned from a saved log.
struct CheckedLog {
    std::size_t lines = 0;
    std::size_t known_lines = 0;       ///< lines of the kernel, or lines that show something about the boot
    bool emulated = false;             ///< the log shows that the machine is emulated
    std::vector<std::string> stages;   ///< the furthest of each boot: "initramfs"; empty if unknown
    std::vector<LogFinding> findings;  ///< in the order of the log, at most 1000

    bool failed() const { return first_failure() != nullptr; }
    /// Whether any line says something about a boot.
    bool recognized() const noexcept { return known_lines > 0; }
    const LogFinding* first_failure() const;
    /// The stage of the first boot that failed, or of the last boot if none failed.
    std::string stage() const;
};

/// Finds all failures in a log, by the rules for a live console. Pure.
/// @param rules  of the catalogue and of `words`; building them costs more than reading a short log
CheckedLog check_log(std::string_view bytes, const LogRules& rules, const LogWords& words);

}  // namespace lktest
