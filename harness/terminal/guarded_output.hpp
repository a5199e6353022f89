// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>

#include "builder/base/ci_commands.hpp"

namespace lktest {

/// While it lives, `stdout` and `stderr` each pass through a CommandFilter. Text from a guest, a medium or a
/// saved run then cannot become a command of the CI system that reads the output. main() holds the only
/// instance. It covers everything printed through these streams, including output of libraries.
class GuardedOutput {
public:
    GuardedOutput();
    GuardedOutput(const GuardedOutput&) = delete;
    GuardedOutput& operator=(const GuardedOutput&) = delete;
    ~GuardedOutput();

private:
    class Stream;
    std::array<std::unique_ptr<Stream>, 2> streams_;
};

/// The file descriptor that a stream writes to, whether guarded or not.
int descriptor(std::FILE* stream);

/// Writes all bytes. Returns false with errno set if the reader has closed or the disk is full.
bool write_all(int file, std::string_view bytes);

/// Writes commands for the CI system to stdout or stderr, bypassing the filter. Only for the text of
/// github_annotations(), which escapes its quotes.
void print_ci_commands(std::FILE* stream, std::string_view commands);

/// Writes a guest's console to the standard output. The bytes reach a terminal unchanged, unless a CI system
/// runs lktest.
class ConsoleOutput {
public:
    ConsoleOutput();
    /// Returns false if the reader has closed.
    bool put(std::string_view bytes);

private:
    std::optional<CommandFilter> filter_;
};

}  // namespace lktest
