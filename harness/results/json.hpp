// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "harness/results/run.hpp"

namespace lktest::results {

/// A run as matrix.json, in the schema "lktest.matrix/1" described in report/README.md. Keys unknown to this
/// lktest come last in each object.
Json to_json(const Run& run);

/// The parts that identify a cell: name, scenario, image, and a value for each axis.
Json to_json(const Cell& cell);

/// Reads matrix.json. The text is untrusted: values of unexpected types are skipped, and a
/// cell without a known class has not ended. Throws a usage Error that says what is wrong with the file.
/// @param path  the name of the file in errors; its directory is the run's directory
Run parse_run(const std::string& text, const std::filesystem::path& path);

/// Reads a run from its directory, from its matrix.json, or from the directory that runs are in (then the
/// last one). Throws a usage Error that names the file and what is wrong with it.
Run read_run(const std::filesystem::path& path);

}  // namespace lktest::results
