// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/console/log_words.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// A failure in a saved log.
struct LogFinding {
    std::string kind;  ///< its name in failures.toml; or "unexpected-reboot"
    std::string reason, hint;
    bool warning = false;  ///< it does not count
    std::size_t line = 0;  ///< of the file, from 1
    std::size_t boot = 0;  ///< of the log's boots, from 0
    /// The whole report of a kernel; of any other failure its line and some that follow it.
    std::vector<std::string> lines;
};

/// What is known of a saved log.
struct CheckedLog {
    std::size_t lines = 0;
    std::size_t known_lines = 0;       ///< the kernel's, or with words that say something about a boot
    bool emulated = false;             ///< of the machine it says so itself
    std::vector<std::string> stages;   ///< the furthest of each boot: "initramfs"; empty: nothing was known
    std::vector<LogFinding> findings;  ///< in the order of the log, at most 1000

    bool failed() const { return first_failure() != nullptr; }
    /// Whether any line says something about a boot.
    bool recognized() const noexcept { return known_lines > 0; }
    const LogFinding* first_failure() const;
    /// How far the boot came that failed first; without a failure, the last one.
    std::string stage() const;
};

/// Finds failures in a log as a boot's console would have shown them, and all of them. Pure.
/// @param failures  the catalogue, read_failures()
CheckedLog check_log(std::string_view bytes, const std::vector<Failure>& failures, const LogWords& words);

}  // namespace lktest
