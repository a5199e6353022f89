// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// One line of a log that somebody saved, without what its keeper put in front.
struct SavedLine {
    /// How a line is known to be the kernel's or a program's.
    enum class Writer {
        program,
        kernel,   ///< it has a printk prefix, or its keeper says so
        unknown,  ///< nothing in this log tells
    };
    std::size_t number = 0;   ///< in the file, from 1: where the line begins
    std::string text;         ///< as the console had it, a record with its printk prefix
    std::size_t message = 0;  ///< where the words behind the printk prefix begin
    Writer writer = Writer::program;
    std::string caller;  ///< of CONFIG_PRINTK_CALLER: "T123", "C0"; empty when it is not told
    bool ended = true;   ///< false: the last line of the file, which has no newline: a prompt

    std::string_view said() const noexcept { return std::string_view(text).substr(message); }
};

/// Reads a console log as people keep them: raw, with escape sequences, CR LF; with a time in front
/// of each line (lktest's console.log, CI systems); by syslog, journalctl and dmesg in their usual
/// formats, and /dev/kmsg. Takes any bytes.
std::vector<SavedLine> read_saved_log(std::string_view bytes);

}  // namespace lktest
