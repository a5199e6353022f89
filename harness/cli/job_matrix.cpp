// SPDX-License-Identifier: MIT
#include "harness/cli/job_matrix.hpp"

#include <fmt/format.h>

#include <array>

#include "builder/base/json_text.hpp"
#include "harness/run/shell.hpp"

namespace lktest {
namespace {

/// GitLab expands variables inside the values of variables.
std::string without_expansion(const std::string& text) {
    std::string escaped;
    for (const char c : text)
        escaped += c == '$' ? std::string("$$") : std::string(1, c);
    return escaped;
}

}  // namespace

std::vector<Job> shard_jobs(const std::vector<std::string>& command, unsigned shards) {
    std::string options;
    constexpr std::array<std::string_view, 2> of_the_output{"--format", "--shards"};
    for (const std::string& word : without_options(command, of_the_output))
        options += (options.empty() ? "" : " ") + shell_word(word);
    std::vector<Job> jobs;
    for (unsigned number = 1; number <= shards; ++number)
        jobs.push_back(
            {fmt::format("shard {} of {}", number, shards),
             fmt::format("{}{}--shard {}/{}", options, options.empty() ? "" : " ", number, shards)});
    return jobs;
}

std::string github_matrix(const std::vector<Job>& jobs) {
    Json include = Json::array();
    for (const Job& job : jobs)
        include.push_back({{"name", job.name}, {"options", job.options}});
    return json_output({{"include", include}}) + "\n";
}

std::string gitlab_jobs(const std::vector<Job>& jobs) {
    Json pipeline = Json::object();
    for (const Job& job : jobs)
        pipeline[job.name] = {{"extends", ".lktest-cell"},
                              {"variables", {{"LKTEST_OPTIONS", without_expansion(job.options)}}}};
    return json_output(pipeline, 2) + "\n";
}

}  // namespace lktest
