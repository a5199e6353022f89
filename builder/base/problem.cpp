// SPDX-License-Identifier: MIT
#include "builder/base/problem.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace lktest {
namespace {

/// Levenshtein distance in bytes, with one row of memory.
std::size_t edit_distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < to.size(); ++j) {
            const std::size_t substituted = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({substituted, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

std::string_view line_of(std::string_view source, std::size_t number) {
    for (std::size_t line = 1; line < number; ++line) {
        const std::size_t end = source.find('\n');
        if (end == std::string_view::npos)
            return {};
        source.remove_prefix(end + 1);
    }
    return source.substr(0, source.find('\n'));
}

}  // namespace

std::string render(const Problem& problem, std::string_view source) {
    const Place& place = problem.place;
    std::string text = place.file;
    if (place.line > 0)
        text += fmt::format(":{}:{}", place.line, place.column);
    text += ": " + problem.message + "\n";
    const std::string_view line = place.line > 0 ? line_of(source, place.line) : std::string_view{};
    if (!line.empty() && place.column > 0) {
        text += fmt::format("    {}\n    ", line);
        // Tabs stay tabs, so that the caret is under its column in any terminal.
        for (char c : line.substr(0, place.column - 1))
            text += c == '\t' ? '\t' : ' ';
        text += "^\n";
    }
    if (!problem.hint.empty())
        text += fmt::format("hint: {}\n", problem.hint);
    return text;
}

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> candidates) {
    std::string_view nearest;
    std::size_t best = std::max<std::size_t>(word.size() / 3, 2) + 1;
    for (std::string_view candidate : candidates)
        if (const std::size_t distance = edit_distance(word, candidate); distance < best) {
            best = distance;
            nearest = candidate;
        }
    return nearest;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> candidates) {
    if (const std::string_view nearest = nearest_name(word, candidates); !nearest.empty())
        return fmt::format("did you mean '{}'?", nearest);
    return fmt::format("one of: {}", fmt::join(candidates, ", "));
}

void throw_problems(const std::vector<Problem>& problems, std::string_view source) {
    if (problems.empty())
        return;
    std::string text;
    for (const Problem& problem : problems)
        text += render(problem, source);
    text.pop_back();
    throw usage_error(text);
}

}  // namespace lktest
