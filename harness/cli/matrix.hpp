// SPDX-License-Identifier: MIT
#pragma once

#include "harness/cli/job_matrix.hpp"
#include "harness/matrix/expand.hpp"
#include "harness/run/run.hpp"

namespace CLI {
class App;
}

namespace lktest {

/// Options of `lktest matrix`.
struct MatrixOptions {
    /// Text for people, JSON for programs, or the jobs of a CI system that boot the cells.
    enum class Format { text, json, github, gitlab };

    RunOptions run;  ///< only the options that choose cells are used
    Format format = Format::text;
    std::optional<unsigned> shards;    ///< jobs with several cells each; unset for one job per cell
    std::vector<std::string> command;  ///< the user's command line, of which each shard runs a part
};

void add_matrix(CLI::App& app, MatrixOptions& options);

/// The cells, one per line, and the impossible ones with their reasons.
std::string matrix_text(const std::vector<PlannedCell>& cells);
/// The same for programs: schema "lktest.cells/1".
std::string matrix_json(const std::vector<PlannedCell>& cells);

/// One job per cell or shard. Throws a usage Error if the CI system does not allow that many.
std::vector<Job> jobs_of(const MatrixOptions& options, const std::vector<PlannedCell>& cells);

/// Prints the cells that `lktest run` would boot, without booting any. Returns the exit status.
int matrix(const MatrixOptions& options);

}  // namespace lktest
