// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace lktest {

/// What one job of a CI system boots.
struct Job {
    std::string name;     ///< "boot.recovery.x86_64-bios-cdrom", or "shard 1 of 4"
    std::string options;  ///< of `lktest run`, quoted for a shell
};

/// The command with "--shard K/N" for each K.
/// @param command  the words after `lktest matrix`; what they say of the output is left out
std::vector<Job> shard_jobs(const std::vector<std::string>& command, unsigned shards);

/// One line for $GITHUB_OUTPUT, as `strategy.matrix: ${{ fromJSON(…) }}` takes it: "name" and "options" of
/// each.
std::string github_matrix(const std::vector<Job>& jobs);

/// A child pipeline for GitLab, in JSON, which is YAML: each job extends ".lktest-cell", whose script the
/// user writes, and has LKTEST_OPTIONS.
std::string gitlab_jobs(const std::vector<Job>& jobs);

}  // namespace lktest
