// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "harness/scenario/scenario.hpp"

namespace lktest {

/// Reads a scenario file; scenarios/README.md describes the language. Throws a usage Error with every problem
/// in the file and its place.
Scenario read_scenario(const std::filesystem::path& file);

/// The same for a text in memory.
/// @param file  its name in messages; its stem names the scenario
Scenario parse_scenario(const std::filesystem::path& file, std::string text);

/// Whether a text has only the characters of a CPU model's name.
bool is_cpu_model(std::string_view text);

/// Why a text cannot be typed into a boot loader's menu; unset if it can.
std::optional<std::string_view> untypeable(std::string_view text);

}  // namespace lktest
