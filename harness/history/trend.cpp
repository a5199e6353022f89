// SPDX-License-Identifier: MIT
#include "harness/history/trend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "harness/history/statistics.hpp"

namespace lktest {
namespace {

/// With fewer earlier passes the test cannot become significant.
constexpr std::size_t least_earlier = 5;
constexpr std::size_t spark_width = 16;

/// How long each stage took, by the milestone that ended it.
std::map<std::string, double> stages(const Sample& sample) {
    std::vector<SampleMilestone> reached = sample.milestones;
    std::ranges::stable_sort(reached, {}, &SampleMilestone::at);
    std::map<std::string, double> found;
    double before = 0;
    for (const SampleMilestone& milestone : reached)
        found.emplace(milestone.name, milestone.at - std::exchange(before, milestone.at));
    return found;
}

std::vector<Regression> compare_stages(const std::vector<const Sample*>& passes, std::size_t recent) {
    std::vector<Regression> found;
    if (passes.size() < recent + least_earlier)
        return found;
    std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> times;
    for (std::size_t i = 0; i < passes.size(); ++i)
        for (const auto& [milestone, seconds] : stages(*passes[i])) {
            auto& [before, now] = times[milestone];
            (i + recent < passes.size() ? before : now).push_back(seconds);
        }
    for (const auto& [milestone, both] : times)
        found.push_back({milestone, median(both.first), median(both.second),
                         p_greater(both.first, both.second), both.first.size(), both.second.size()});
    return found;
}

/// In the order of their first sample.
std::vector<std::pair<std::string, std::vector<const Sample*>>> by_cell(const std::vector<Sample>& samples) {
    std::vector<std::pair<std::string, std::vector<const Sample*>>> cells;
    std::map<std::string_view, std::size_t> known;
    for (const Sample& sample : samples) {
        const auto [place, is_new] = known.emplace(sample.cell, cells.size());
        if (is_new)
            cells.emplace_back(sample.cell, std::vector<const Sample*>{});
        cells[place->second].second.push_back(&sample);
    }
    return cells;
}

/// The passes that can be compared with the newest one.
std::vector<const Sample*> comparable(const std::vector<const Sample*>& samples) {
    std::vector<const Sample*> passes;
    for (const Sample* sample : samples)
        if (sample->passed() && sample->host == samples.back()->host &&
            sample->accelerator == samples.back()->accelerator)
            passes.push_back(sample);
    return passes;
}

std::string spark(const std::vector<double>& values) {
    constexpr std::array<std::string_view, 8> bars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const std::size_t from = values.size() > spark_width ? values.size() - spark_width : 0;
    const double top = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
    std::string text;
    for (std::size_t i = from; i < values.size(); ++i) {
        const double height = top > 0 ? values[i] / top * (bars.size() - 1) : 0;
        text += bars[static_cast<std::size_t>(std::clamp(height, 0.0, bars.size() - 1.0))];
    }
    return text;
}

}  // namespace

std::vector<CellTrend> trends(const std::vector<Sample>& samples, std::size_t recent, double alpha) {
    std::vector<CellTrend> all;
    std::vector<double> p_values;
    for (const auto& [cell, of_cell] : by_cell(samples)) {
        CellTrend trend{.cell = cell, .seconds = {}, .regressions = {}};
        std::map<std::string_view, bool> before;  // by image: another image may well behave differently
        for (const Sample* sample : of_cell) {
            if (sample->outcome == "flaky" && !sample->image.empty()) {  // both outcomes in one run
                ++trend.repeats;
                ++trend.changes;
            }
            if (sample->outcome_class != "passed" && sample->outcome_class != "product-failure")
                continue;
            ++trend.runs;
            trend.passes += sample->passed() ? 1 : 0;
            if (sample->image.empty())
                continue;
            if (const auto [last, is_new] = before.emplace(sample->image, sample->passed()); !is_new) {
                ++trend.repeats;
                trend.changes += std::exchange(last->second, sample->passed()) != sample->passed() ? 1 : 0;
            }
        }
        const std::vector<const Sample*> passes = comparable(of_cell);
        for (const Sample* pass : passes)
            trend.seconds.push_back(pass->seconds);
        trend.regressions = compare_stages(passes, recent);
        for (const Regression& stage : trend.regressions)
            p_values.push_back(stage.p);
        all.push_back(std::move(trend));
    }
    const std::vector<bool> slower = significant(p_values, alpha);
    std::size_t test = 0;
    for (CellTrend& trend : all)
        std::erase_if(trend.regressions, [&](const Regression&) { return !slower[test++]; });
    return all;
}

Json usual_times(const std::vector<Sample>& samples) {
    Json usual = Json::object();
    for (const auto& [cell, of_cell] : by_cell(samples)) {
        std::map<std::string, std::vector<double>> times;
        for (const Sample* pass : comparable(of_cell))
            for (const SampleMilestone& milestone : pass->milestones)
                times[milestone.name].push_back(milestone.at);
        for (auto& [milestone, at] : times)
            usual[cell][milestone] = median(std::move(at));
    }
    return usual;
}

std::string text_trends(const std::vector<CellTrend>& trends, const Style& style) {
    std::size_t width = 4;
    for (const CellTrend& trend : trends)
        width = std::max(width, columns(trend.cell));
    std::string text = paint({{fmt::format("{:{}}  {:>4}  {:>6}  {:>5}  {:>8}  {}", "cell", width, "runs",
                                           "passed", "flaky", "median", "times"),
                               Tone::dim}},
                             style) +
                       "\n";
    for (const CellTrend& trend : trends) {
        const std::string time = trend.seconds.empty() ? "–" : fmt::format("{:.1f}s", median(trend.seconds));
        text +=
            paint(
                {{trend.cell + std::string(width - columns(trend.cell), ' ')},
                 {fmt::format("  {:>4}", trend.runs), Tone::dim},
                 {trend.runs == 0 ? fmt::format("  {}–", std::string(5, ' '))
                                  : fmt::format("  {:>4.0f} %", 100 * trend.pass_rate()),
                  trend.runs == 0              ? Tone::dim
                  : trend.passes == trend.runs ? Tone::good
                                               : Tone::bad},
                 {trend.runs < 2 ? fmt::format("  {}–", std::string(4, ' '))
                                 : fmt::format("  {:>3.0f} %", 100 * trend.flakiness()),
                  trend.changes > 0 ? Tone::busy : Tone::dim},
                 {fmt::format("  {}{}", std::string(8 - std::min<std::size_t>(8, columns(time)), ' '), time)},
                 {"  " + spark(trend.seconds), Tone::dim}},
                style) +
            "\n";
    }
    for (const CellTrend& trend : trends)
        for (const Regression& slower : trend.regressions)
            text += paint({{"✗", Tone::bad},
                           {fmt::format(" {}  {} became slower: {:.2f}s → {:.2f}s", trend.cell,
                                        slower.milestone, slower.before, slower.now)},
                           {fmt::format("  (median of {}, of the last {}; p = {:.2g})", slower.earlier,
                                        slower.recent, slower.p),
                            Tone::dim}},
                          style) +
                    "\n";
    return text;
}

std::string json_trends(const std::vector<CellTrend>& trends) {
    Json cells = Json::array();
    for (const CellTrend& trend : trends) {
        Json slower = Json::array();
        for (const Regression& stage : trend.regressions)
            slower.push_back({{"milestone", stage.milestone},
                              {"before", stage.before},
                              {"now", stage.now},
                              {"p", stage.p},
                              {"earlier", stage.earlier},
                              {"recent", stage.recent}});
        cells.push_back({{"name", trend.cell},
                         {"runs", trend.runs},
                         {"passes", trend.passes},
                         {"pass_rate", trend.pass_rate()},
                         {"flakiness", trend.flakiness()},
                         {"seconds", trend.seconds},
                         {"slower", slower}});
    }
    return json_output({{"schema", "lktest.history/1"}, {"cells", cells}}, 2) + "\n";
}

}  // namespace lktest
