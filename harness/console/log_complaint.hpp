// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/console/log_rules.hpp"
#include "harness/console/log_words.hpp"
#include "harness/console/saved_log.hpp"

namespace lktest {

/// The last complaint of a program before the system is in use. Programs complain often and continue. The
/// complaint explains a failure only if hardly anything follows it.
class LogComplaint {
public:
    struct Said {
        const Failure* failure = nullptr;  ///< in LogWords::at_end
        SavedLine line;
        bool of_boot = false;  ///< names a part of a boot
    };

    explicit LogComplaint(const LogWords& words) : words_(words) {}

    /// Learns of the next line. The stage words show progress, which ends what was said before.
    void watch(const SavedLine& line, const std::vector<LogRules::Match>& matches);
    void forget() { said_.reset(); }

    /// The complaint that explains why the log ends; unset without one. A log that shows no stage must be a
    /// short excerpt, and its complaint must name a part of a boot.
    /// @param stage  the stage that the boot reached; empty if no line shows it
    const Said* at_end(std::string_view stage) const;
    /// The complaint that explains why programs stop the machine at this line; unset without one.
    const Said* before_stop(const std::vector<LogRules::Match>& matches) const;

private:
    const LogWords& words_;
    std::optional<Said> said_;
    std::size_t lines_ = 0;        ///< of the log
    std::size_t lines_since_ = 0;  ///< lines of programs after the complaint
};

}  // namespace lktest
