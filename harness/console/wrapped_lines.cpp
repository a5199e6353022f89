// SPDX-License-Identifier: MIT
#include "harness/console/wrapped_lines.hpp"

#include <algorithm>
#include <vector>

#include "harness/console/log_lines.hpp"
#include "harness/console/printk.hpp"

namespace lktest {
namespace {

/// The usual width of a terminal. Logs with other widths must prove it by their stamps.
constexpr std::size_t usual_width = 80, narrowest_terminal = 40, widest_terminal = 240;
/// So many lines of the full width show that it is a limit.
constexpr std::size_t fewest_full_lines = 3;

bool is_stamped(std::string_view line) {
    const auto stamp = find_printk_prefix(line.substr(0, 96));
    return stamp && stamp->begin == 0;
}

/// One repeated character.
bool is_ruler(std::string_view line) {
    return !line.empty() && line.find_first_not_of(line.front()) == line.npos;
}

/// True if the line at `i` is cut at `width` and continues in the next line. Boxes, padded lines and the next
/// message of a service manager do not continue a word.
bool goes_on(const std::vector<std::string_view>& lines, std::size_t i, std::size_t width) {
    constexpr std::string_view within_text =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:/)'\"_";
    if (lines[i].size() != width || is_ruler(lines[i]) || lines[i].ends_with(' ') || i + 1 == lines.size())
        return false;
    const std::string_view next = lines[i + 1];
    return !next.empty() && within_text.find(next.front()) != within_text.npos && !is_ruler(next) &&
           !is_stamped(next);
}

/// The width at which the lines were cut; 0 if they were not.
std::size_t wrap_width(const std::vector<std::string_view>& lines) {
    std::size_t width = 0;
    for (const std::string_view line : lines)
        width = std::max(width, line.size());
    const auto full = static_cast<std::size_t>(std::ranges::count_if(
        lines, [width](std::string_view line) { return line.size() == width && !is_ruler(line); }));
    if (full < fewest_full_lines)
        return 0;
    std::size_t continued = 0;
    for (std::size_t i = 0; i < lines.size(); ++i)
        continued += goes_on(lines, i, width) && lines[i + 1].size() < width ? 1 : 0;
    if (3 * continued < 2 * full)
        return 0;
    const auto is_mostly_stamped = [&lines] {
        return 2 * static_cast<std::size_t>(std::ranges::count_if(lines, is_stamped)) > lines.size();
    };
    return width == usual_width || is_mostly_stamped() ? width : 0;
}

}  // namespace

std::optional<std::string> without_wraps(std::string_view bytes) {
    std::size_t longest = 0;
    for_each_line(bytes, [&longest](std::size_t, std::string_view line, bool) {
        longest = std::max(longest, line.size());
        return longest <= widest_terminal;
    });
    if (longest < narrowest_terminal || longest > widest_terminal)
        return std::nullopt;
    std::vector<std::string_view> lines;
    for_each_line(bytes, [&lines](std::size_t, std::string_view line, bool) {
        lines.push_back(without_return(line));
        return true;
    });
    const std::size_t width = wrap_width(lines);
    if (width == 0)
        return std::nullopt;
    std::string text;
    text.reserve(bytes.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::size_t joins = 0;
        text += lines[i];
        for (; goes_on(lines, i, width); ++i, ++joins)
            text += lines[i + 1];
        text.append(joins + 1, '\n');
    }
    if (!bytes.ends_with('\n'))
        text.pop_back();
    return text;
}

}  // namespace lktest
