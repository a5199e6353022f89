// SPDX-License-Identifier: MIT
#include "harness/console/wrapped_lines.hpp"

#include <algorithm>
#include <vector>

#include "harness/console/printk.hpp"

namespace lktest {
namespace {

/// The usual width of a terminal. Logs with other widths must prove it by their stamps.
constexpr std::size_t usual_width = 80, narrowest_terminal = 40, widest_terminal = 240;
/// So many lines of the full width show that it is a limit.
constexpr std::size_t fewest_full_lines = 3;

struct CutLine {
    std::string_view text;  ///< without its newline
    bool stamped = false;   ///< by the kernel
    bool ruler = false;     ///< one repeated character
};

std::size_t width_of_all(std::string_view bytes) {
    std::size_t longest = 0;
    while (!bytes.empty()) {
        const std::size_t end = std::min(bytes.find('\n'), bytes.size());
        longest = std::max(longest, end);
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
    return longest;
}

std::vector<CutLine> lines_with_signs(std::string_view bytes) {
    std::vector<CutLine> lines;
    while (!bytes.empty()) {
        const std::size_t end = std::min(bytes.find('\n'), bytes.size());
        std::string_view text = bytes.substr(0, end);
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
        while (text.ends_with('\r'))
            text.remove_suffix(1);
        const auto stamp = find_printk_prefix(text.substr(0, 96));
        lines.push_back({text, stamp && stamp->begin == 0,
                         !text.empty() && text.find_first_not_of(text.front()) == text.npos});
    }
    return lines;
}

/// Whether the line at `i` is cut at `width` and continues in the next line. Boxes, padded lines and the next
/// message of a service manager do not continue a word.
bool goes_on(const std::vector<CutLine>& lines, std::size_t i, std::size_t width) {
    constexpr std::string_view within_text =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:/)'\"_";
    const auto is_whole = [width](const CutLine& line) {
        return line.text.size() != width || line.ruler || line.text.ends_with(' ');
    };
    if (is_whole(lines[i]) || i + 1 == lines.size())
        return false;
    const CutLine& next = lines[i + 1];
    return !next.text.empty() && !next.stamped && !next.ruler &&
           within_text.find(next.text.front()) != within_text.npos;
}

/// The width at which the lines were cut; 0 if they were not.
std::size_t wrap_width(const std::vector<CutLine>& lines) {
    std::size_t width = 0, stamped = 0, full = 0, continued = 0;
    for (const CutLine& line : lines) {
        width = std::max(width, line.text.size());
        stamped += line.stamped ? 1 : 0;
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        full += lines[i].text.size() == width && !lines[i].ruler ? 1 : 0;
        continued += goes_on(lines, i, width) && lines[i + 1].text.size() < width ? 1 : 0;
    }
    const bool is_stamped = 2 * stamped > lines.size();
    if (full < fewest_full_lines || 3 * continued < 2 * full || !(is_stamped || width == usual_width))
        return 0;
    return width;
}

}  // namespace

std::optional<std::string> without_wraps(std::string_view bytes) {
    if (const std::size_t longest = width_of_all(bytes);
        longest < narrowest_terminal || longest > widest_terminal)
        return std::nullopt;
    const std::vector<CutLine> lines = lines_with_signs(bytes);
    const std::size_t width = wrap_width(lines);
    if (width == 0)
        return std::nullopt;
    std::string text;
    text.reserve(bytes.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::size_t joins = 0;
        text += lines[i].text;
        for (; goes_on(lines, i, width); ++i, ++joins)
            text += lines[i + 1].text;
        text.append(joins + 1, '\n');
    }
    if (!bytes.ends_with('\n'))
        text.pop_back();
    return text;
}

}  // namespace lktest
