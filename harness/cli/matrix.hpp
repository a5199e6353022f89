// SPDX-License-Identifier: MIT
#pragma once

#include "harness/cli/run.hpp"
#include "harness/matrix/expand.hpp"

namespace lktest {

/// What the user asked of `lktest matrix`.
struct MatrixOptions {
    RunOptions run;  ///< of these only what chooses cells
    bool json = false;
};

void add_matrix(CLI::App& app, MatrixOptions& options);

/// The cells, one a line, and those that cannot exist with their reasons.
std::string matrix_text(const std::vector<PlannedCell>& cells);
/// The same for programs: schema "lktest.cells/1".
std::string matrix_json(const std::vector<PlannedCell>& cells);

/// Prints the cells that `lktest run` would boot, and boots none. Returns the exit status.
int matrix(const MatrixOptions& options);

}  // namespace lktest
