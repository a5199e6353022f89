// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>

#include "builder/base/ci_commands.hpp"

namespace lktest {

/// While it lives, `stdout` and `stderr` pass through a CommandFilter each, so that no text of a guest,
/// a medium or a saved run becomes a command of the CI system that reads them. main() holds the only one.
/// It covers everything that prints through these streams, libraries too.
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

/// The file descriptor that a stream writes to, guarded or not.
int descriptor(std::FILE* stream);

/// Writes everything. False with errno set if the reader has gone or the disk is full.
bool write_all(int file, std::string_view bytes);

/// Writes commands for the CI system to stdout or stderr, past the filter. Only for the text of
/// github_annotations(), which escapes what it quotes.
void print_ci_commands(std::FILE* stream, std::string_view commands);

/// Writes a guest's console to the standard output. The bytes stay as they are on a terminal, unless a CI
/// system runs lktest.
class ConsoleOutput {
public:
    ConsoleOutput();
    /// False if the reader has gone.
    bool put(std::string_view bytes);

private:
    std::optional<CommandFilter> filter_;
};

}  // namespace lktest
