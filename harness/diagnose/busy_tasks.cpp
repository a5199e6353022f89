// SPDX-License-Identifier: MIT
#include "harness/diagnose/busy_tasks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace lktest {
namespace {

constexpr std::size_t most_named = 3, longest_command = 120;

std::vector<std::string> running(const TaskList& list, bool of_kernel) {
    std::vector<std::string> words;
    for (const Task& task : list.tasks) {
        if (task.state != 'R' || task.of_kernel != of_kernel || words.size() == most_named)
            continue;
        const std::string command =
            task.arguments.empty() ? task.name : fmt::format("{}", fmt::join(task.arguments, " "));
        words.push_back(fmt::format("'{}' (pid {})", command.substr(0, longest_command), task.pid));
    }
    return words;
}

}  // namespace

std::string busy_in_words(const TaskList& list) {
    std::vector<std::string> words = running(list, false);
    if (words.empty())
        words = running(list, true);
    return words.empty() ? "" : fmt::format("it runs {}", fmt::join(words, ", "));
}

}  // namespace lktest
