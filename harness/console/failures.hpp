// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

#include "harness/scenario/scenario.hpp"

namespace lktest {

/// Reads a catalogue of failure lines, [[failure]] tables like those of a scenario
/// (scenarios/README.md); the shipped one is harness/console/failures.toml.
/// Throws a usage Error with every problem of the file, each with its place.
std::vector<Failure> read_failures(const std::filesystem::path& file);

}  // namespace lktest
