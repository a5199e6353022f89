// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/console/log_words.hpp"

namespace lktest {

/// One line of a saved log, without the prefix that its keeper added.
struct SavedLine {
    /// How a line is known to be the kernel's or a program's.
    enum class Writer {
        program,
        kernel,   ///< it has a printk prefix, or its keeper says so
        unknown,  ///< this log does not show it
    };
    std::size_t number = 0;   ///< where the line begins in the file, from 1
    std::string text;         ///< as on the console, records with their printk prefix
    std::size_t message = 0;  ///< offset of the text after the printk prefix
    Writer writer = Writer::program;
    std::string caller;  ///< from CONFIG_PRINTK_CALLER: "T123", "C0"; empty if the kernel does not print it
    bool ended = true;   ///< false for a last line without a newline: a prompt

    std::string_view said() const noexcept { return std::string_view(text).substr(message); }
};

/// Reads a console log as people store it: raw, with escape sequences, with CR LF, in UTF-8 or UTF-16. Lines
/// may have any prefix that is in `words.keepers` or that the log itself reveals. Accepts any bytes.
/// @param sink  called for each line in turn
void read_saved_log(std::string_view bytes, const LogWords& words,
                    const std::function<void(SavedLine&&)>& sink);

/// The lines of a console log without prefixes.
std::vector<SavedLine> read_saved_log(std::string_view bytes);

}  // namespace lktest
