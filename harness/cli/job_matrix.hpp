// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace lktest {

/// One job of a CI system.
struct Job {
    std::string name;     ///< "boot.recovery.x86_64-bios-cdrom", or "shard 1 of 4"
    std::string options;  ///< for `lktest run`, quoted for a shell
};

/// The command with "--shard K/N" for each K.
/// @param command  the words after `lktest matrix`; output options are dropped
std::vector<Job> shard_jobs(const std::vector<std::string>& command, unsigned shards);

/// One line for $GITHUB_OUTPUT, in the form that `strategy.matrix: ${{ fromJSON(…) }}` expects: "name" and
/// "options" of each job.
std::string github_matrix(const std::vector<Job>& jobs);

/// A child pipeline for GitLab, in JSON, which is valid YAML. Each job sets LKTEST_OPTIONS and extends
/// ".lktest-cell", whose script the user writes.
std::string gitlab_jobs(const std::vector<Job>& jobs);

}  // namespace lktest
