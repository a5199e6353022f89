// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/console/log_words.hpp"

namespace lktest {

/// One line of a saved log, without what its keeper put in front.
struct SavedLine {
    /// How a line is known to be the kernel's or a program's.
    enum class Writer {
        program,
        kernel,   ///< it has a printk prefix, or its keeper says so
        unknown,  ///< nothing in this log tells
    };
    std::size_t number = 0;   ///< in the file, from 1: where the line begins
    std::string text;         ///< as the console had it, a record with its printk prefix
    std::size_t message = 0;  ///< where the words after the printk prefix begin
    Writer writer = Writer::program;
    std::string caller;  ///< of CONFIG_PRINTK_CALLER: "T123", "C0"; empty if the kernel does not say
    bool ended = true;   ///< false: the last line of the file, which has no newline: a prompt

    std::string_view said() const noexcept { return std::string_view(text).substr(message); }
};

/// Reads a console log as people keep it: raw, with escape sequences, CR LF; with anything in front of each
/// line that `words.keepers` knows or that the log itself teaches; in UTF-8 or UTF-16. Accepts any bytes.
/// @param sink  is called for each line in turn
void read_saved_log(std::string_view bytes, const LogWords& words,
                    const std::function<void(SavedLine&&)>& sink);

/// The lines of a console that nothing was added to.
std::vector<SavedLine> read_saved_log(std::string_view bytes);

}  // namespace lktest
