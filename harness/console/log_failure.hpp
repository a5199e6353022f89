// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "harness/console/log_rules.hpp"
#include "harness/console/log_window.hpp"
#include "harness/console/log_words.hpp"

namespace lktest {

/// Lines that follow the current one and must be known before it is judged.
constexpr std::size_t failure_reach = 40;

/// Decides which failure of the catalogue a line of a saved log shows, by its words and by who wrote them.
class LogFailure {
public:
    LogFailure(const LogRules& rules, const LogWords& words, const LogWindow& window)
        : rules_(rules), words_(words), window_(window) {}

    /// The first failure of the catalogue that the current line shows; null if none.
    /// @param kernel_began  firmware and loader are silent since
    const Failure* find(const std::vector<LogRules::Match>& matches, bool kernel_began) const;

    static bool is_harmless(const Failure& failure, std::string_view said);

private:
    bool is_believed(const Failure& failure, const SavedLine& line, bool of_kernel) const;
    const Failure* prompt_in(const SavedLine& line, bool kernel_began) const;
    bool is_last() const;
    bool dump_follows() const;

    const LogRules& rules_;
    const LogWords& words_;
    const LogWindow& window_;
};

}  // namespace lktest
