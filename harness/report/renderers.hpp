// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/report/style.hpp"
#include "harness/results/run.hpp"

namespace lktest {

/// The additional inputs of a report.
struct Rendering {
    Style style{};                         ///< for text
    std::span<const std::string> cells{};  ///< for the page: pack_cell() of each cell; may be empty
    const results::Run* base = nullptr;    ///< for Markdown: an earlier run to compare with
    std::string_view usual = "{}";         ///< for the page: {"CELL": {"MILESTONE": seconds}} of earlier runs
};

/// One way to show a run. A new format is a new row of the table.
struct Renderer {
    std::string_view format;  ///< the argument of --format
    std::string_view file;    ///< its name in a run's directory; empty if it is only printed
    std::string (*render)(const results::Run& run, const Rendering& with);
};

std::span<const Renderer> renderers();

/// The row of an existing format.
const Renderer& renderer(std::string_view format);

}  // namespace lktest
