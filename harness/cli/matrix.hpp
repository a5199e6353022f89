// SPDX-License-Identifier: MIT
#pragma once

#include "harness/cli/job_matrix.hpp"
#include "harness/cli/run.hpp"
#include "harness/matrix/expand.hpp"

namespace lktest {

/// What the user asked of `lktest matrix`.
struct MatrixOptions {
    /// For people, for programs, or the jobs of a CI system that boot the cells.
    enum class Format { text, json, github, gitlab };

    RunOptions run;  ///< of these only what chooses cells
    Format format = Format::text;
    std::optional<unsigned> shards;    ///< jobs with several cells each; nothing: a job for each cell
    std::vector<std::string> command;  ///< as the user gave it: what each shard is a part of
};

void add_matrix(CLI::App& app, MatrixOptions& options);

/// The cells, one a line, and those that cannot exist with their reasons.
std::string matrix_text(const std::vector<PlannedCell>& cells);
/// The same for programs: schema "lktest.cells/1".
std::string matrix_json(const std::vector<PlannedCell>& cells);

/// One job for each cell, or the shards. Throws a usage Error when they are more than a CI system takes.
std::vector<Job> jobs_of(const MatrixOptions& options, const std::vector<PlannedCell>& cells);

/// Prints the cells that `lktest run` would boot, and boots none. Returns the exit status.
int matrix(const MatrixOptions& options);

}  // namespace lktest
