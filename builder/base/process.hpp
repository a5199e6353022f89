// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace lktest {

struct ProcessOptions {
    std::chrono::milliseconds deadline{std::chrono::minutes(10)};
    std::filesystem::path directory{};                               ///< default: inherited
    std::vector<std::pair<std::string, std::string>> environment{};  ///< added to this program's own
};

struct ProcessResult {
    int status = 0;  ///< exit status, 128 + N after signal N
    bool timed_out = false;
    std::string out, err;  ///< captured, at most 16 MiB each
};

/// Runs a program to its end with /dev/null as its input. It is killed at the
/// deadline, and dies with this program. Throws a host Error if it cannot be started.
ProcessResult run_process(const std::vector<std::string>& arguments, const ProcessOptions& options = {});

/// Like run_process, but anything except exit status 0 is a host Error that
/// contains the program's last output. Returns its output.
std::string check_process(const std::vector<std::string>& arguments, const ProcessOptions& options = {});

}  // namespace lktest
