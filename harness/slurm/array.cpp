// SPDX-License-Identifier: MIT
#include "harness/slurm/array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace lktest {
namespace {

constexpr std::size_t default_max_array = 1001;  // slurm.conf(5); indices are smaller

constexpr std::string_view script = R"(#!/bin/sh
# Boots one cell; made by `lktest run --engine slurm`, which merges what it leaves.
cd {directory} || exit 3
number=$(($1 + SLURM_ARRAY_TASK_ID))
cell=$(sed -n "$((number + 1))p" cells)
cd "$SLURM_SUBMIT_DIR" || exit 3
task= stop=
trap 'stop=yes; [ -z "$task" ] || kill -TERM $task 2>/dev/null' TERM INT HUP
{command} --cell "$cell" --output {directory}/$number &
task=$!
[ -z "$stop" ] || kill -TERM $task 2>/dev/null # the word came before there was a task to hear it
# Nobody waits for this cell any more when `alive` stands still: lktest was killed.
(
    beat= same=0
    while kill -0 $task 2>/dev/null && [ $same -lt 12 ]; do
        sleep 5
        now=$(cat {directory}/alive)
        if [ "$now" = "$beat" ]; then same=$((same + 1)); else same=0; fi
        beat=$now
    done
    kill -TERM $task 2>/dev/null
) &
watch=$!
wait $task
status=$?
while kill -0 $task 2>/dev/null; do  # a signal ended the waiting, not the task
    wait $task
    status=$?
done
kill $watch 2>/dev/null
exit $status
)";

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

std::optional<std::size_t> whole(std::string_view text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::vector<JobArray> job_arrays(const std::vector<TaskSize>& sizes, std::size_t most) {
    std::vector<JobArray> arrays;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const bool alike = !arrays.empty() && arrays.back().cores == sizes[i].cores &&
                           arrays.back().memory == sizes[i].memory;
        if (alike && arrays.back().count < most)
            ++arrays.back().count;
        else
            arrays.push_back({i, 1, sizes[i].cores, sizes[i].memory});
    }
    return arrays;
}

std::size_t max_array_size(std::string_view config) {
    constexpr std::string_view key = "MaxArraySize";
    const std::size_t at = config.find(key);
    if (at == config.npos)
        return default_max_array;
    std::string_view line = config.substr(at + key.size(), config.find('\n', at) - at - key.size());
    line.remove_prefix(std::min(line.size(), line.find_first_of("0123456789")));
    return std::max<std::size_t>(whole(line).value_or(default_max_array), 1);
}

std::string job_script(std::string_view directory, std::string_view command) {
    std::string text(script);
    replace_all(text, "{directory}", directory);
    replace_all(text, "{command}", command);
    return text;
}

std::vector<std::string> sbatch_command(const JobArray& array, const std::string& name,
                                        const std::string& directory, const std::string& script_file) {
    return {"sbatch",
            "--parsable",
            "--requeue",
            "--open-mode=append",
            "--job-name=" + name,
            fmt::format("--array=0-{}", array.count - 1),
            fmt::format("--cpus-per-task={}", array.cores),
            fmt::format("--mem={}M", array.memory >> 20),
            fmt::format("--output={}/array-{}-%a.log", directory, array.first),
            script_file,
            std::to_string(array.first)};
}

std::vector<std::string> squeue_command(const std::string& name) {
    return {"squeue", "--noheader", "--array", "--name=" + name, "--format=%F %K %T"};
}

std::map<QueuedTask, bool> parse_queue(std::string_view text) {
    std::map<QueuedTask, bool> tasks;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const std::size_t first = line.find(' '), second = line.find(' ', first + 1);
        if (first == line.npos || second == line.npos)
            continue;
        if (const auto index = whole(line.substr(first + 1, second - first - 1)))
            tasks.emplace(QueuedTask{std::string(line.substr(0, first)), *index},
                          line.substr(second + 1).starts_with("RUNNING"));
    }
    return tasks;
}

}  // namespace lktest
