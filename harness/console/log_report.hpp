// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/console/check_log.hpp"
#include "harness/console/log_rules.hpp"
#include "harness/console/log_window.hpp"

namespace lktest {

/// Collects the lines of a report that a kernel writes of itself.
class LogReport {
public:
    LogReport(const LogRules& rules, const LogWindow& window) : rules_(rules), window_(window) {}

    bool is_open() const noexcept { return report_.has_value(); }
    void close() { report_.reset(); }
    /// Whether the current line, a headline, belongs to the report that is open.
    bool takes(const Failure& failure) const;
    /// The current line is the headline of a report; `finding` takes its first lines.
    /// @param index  of the finding that later lines are added to
    void open(LogFinding& finding, std::size_t index);
    /// Puts the current line into the report that is open, if it belongs there.
    void grow(std::vector<LogFinding>& findings, bool may_end);
    /// The current line precedes a report.
    void fence() { fence_ = window_.here(); }

private:
    /// A report whose lines are still coming.
    struct Open {
        std::size_t finding = 0;
        std::size_t head = 0;  ///< position of its headline
        std::size_t last = 0;  ///< of the last line that is known to be its own
        std::string caller;
        bool kernel = true;   ///< its lines are the kernel's, or may be
        bool fenced = false;  ///< "=====" precedes it, so another one ends it
    };
    bool is_its(const SavedLine& line) const {
        return maybe_kernel(line) == report_->kernel && line.caller == report_->caller;
    }

    const LogRules& rules_;
    const LogWindow& window_;
    std::optional<Open> report_;
    std::optional<std::size_t> fence_;  ///< position of the last one
};

}  // namespace lktest
