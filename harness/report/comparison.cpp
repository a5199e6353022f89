// SPDX-License-Identifier: MIT
#include "harness/report/comparison.hpp"

#include <fmt/format.h>

#include "harness/report/grid.hpp"

namespace lktest {
namespace {

double in_seconds(std::chrono::microseconds time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

std::string text_comparison(const results::Comparison& comparison, const Style& style) {
    std::string text;
    const auto print = [&](const Line& line) { text += paint(line, style) + "\n"; };
    const auto changes = [&](std::string_view title, const std::vector<results::Comparison::Change>& cells,
                             const Span& mark) {
        if (cells.empty())
            return;
        print({{fmt::format("{}: {}", title, cells.size()), Tone::strong}});
        for (const auto& [cell, reason, is_new] : cells)
            print({{"  "},
                   mark,
                   {" " + cell + (is_new ? " (new)" : "")},
                   {reason.empty() ? "" : "  " + reason, Tone::dim}});
    };
    const auto names = [&](std::string_view title, const std::vector<std::string>& cells) {
        if (!cells.empty())
            print({{fmt::format("{}: {}", title, cells.size()), Tone::strong}});
        for (const std::string& cell : cells)
            print({{"    " + cell}});
    };
    changes("newly failing", comparison.newly_failing, {"✗", Tone::bad});
    changes("tolerated", comparison.newly_tolerated, mark(OutcomeClass::tolerated));
    changes("fixed", comparison.fixed, {"✓", Tone::good});
    changes("still failing", comparison.still_failing, {"✗", Tone::dim});
    if (!comparison.slower.empty())
        print({{fmt::format("slower: {}", comparison.slower.size()), Tone::strong}});
    for (const results::SlowerStage& stage : comparison.slower)
        print({{fmt::format("    {}  {}", stage.cell, stage.milestone)},
               {fmt::format("  {:.1f}s → {:.1f}s", in_seconds(stage.before), in_seconds(stage.now)),
                Tone::dim}});
    names("new cells", comparison.added);
    names("removed cells", comparison.gone);
    if (text.empty())
        print({{"✓", Tone::good}, {" every cell ended as before"}});
    return text;
}

}  // namespace lktest
