// SPDX-License-Identifier: MIT
#include "harness/report/style.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "builder/base/printable.hpp"

namespace lktest {
namespace {

/// SGR parameters (ECMA-48, 8.3.117). Only the 8 colours that every theme defines.
std::string_view sgr(Tone tone) {
    switch (tone) {
        case Tone::plain: return "";
        case Tone::strong: return "\x1b[1m";
        case Tone::dim: return "\x1b[2m";
        case Tone::good: return "\x1b[32m";
        case Tone::bad: return "\x1b[1;31m";
        case Tone::fault: return "\x1b[1;33m";
        case Tone::busy: return "\x1b[36m";
    }
    return "";
}

struct Substitute {
    std::string_view unicode;
    char ascii;
};

/// The non-ASCII characters of reports.
constexpr std::array substitutes{
    Substitute{"✓", '+'}, Substitute{"✗", 'x'}, Substitute{"–", '-'}, Substitute{"─", '-'},
    Substitute{"…", '~'}, Substitute{"·", '.'}, Substitute{"▸", '>'}, Substitute{"×", 'x'},
    Substitute{"○", 'o'}, Substitute{"█", '#'}, Substitute{"░", '.'},
};

/// The same text in the same number of columns.
std::string to_ascii(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t size = first_code_point(text).size;
        const std::string_view character = text.substr(0, size);
        if (size == 1)
            out += character;
        else {
            char ascii = '?';
            for (const Substitute& known : substitutes)
                if (known.unicode == character)
                    ascii = known.ascii;
            out.append(columns(character), ascii);
        }
        text.remove_prefix(size);
    }
    return out;
}

Line clip_line(const Line& line, std::size_t width) {
    Line out;
    for (const Span& span : line) {
        const std::size_t wanted = columns(span.text);
        if (wanted > width) {
            out.push_back({clip(span.text, width), span.tone});
            break;
        }
        out.push_back(span);
        width -= wanted;
    }
    return out;
}

Line without_trailing_spaces(Line line) {
    while (!line.empty()) {
        std::string& last = line.back().text;
        last.erase(last.find_last_not_of(' ') + 1);
        if (!last.empty())
            break;
        line.pop_back();
    }
    return line;
}

}  // namespace

std::string paint(const Line& line, const Style& style, std::size_t width) {
    Line shown = without_trailing_spaces(line);
    if (width > 0)
        shown = clip_line(shown, width);
    std::string out;
    for (const Span& span : shown) {
        if (span.text.empty())
            continue;
        const std::string_view start = style.colour ? sgr(span.tone) : "";
        out += start;
        out += style.unicode ? span.text : to_ascii(span.text);
        if (!start.empty())
            out += "\x1b[0m";
    }
    return out;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    std::string line;
    while (!text.empty()) {
        const std::size_t end = text.find(' ');
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (word.empty())
            continue;
        if (!line.empty() && columns(line) + 1 + columns(word) > width)
            lines.push_back(std::exchange(line, {}));
        if (!line.empty())
            line += ' ';
        line += word;
    }
    if (!line.empty())
        lines.push_back(std::move(line));
    return lines;
}

std::vector<std::string> fold(std::string_view text, std::size_t width) {
    std::vector<std::string> lines(1);
    while (!text.empty()) {
        const std::string_view character = text.substr(0, first_code_point(text).size);
        std::string& line = lines.back();
        if (!line.empty() && columns(line) + columns(character) > width) {
            const std::size_t space = line.rfind(' ');
            const bool near_the_end = space != std::string::npos && space > line.size() / 2;
            std::string next = near_the_end ? line.substr(space + 1) : "";
            line.resize(near_the_end ? space : line.size());
            lines.push_back(std::move(next));
        }
        lines.back() += character;
        text.remove_prefix(character.size());
    }
    return lines;
}

std::string counted(std::size_t number, std::string_view word) {
    return fmt::format("{} {}{}", number, word, number == 1 ? "" : "s");
}

}  // namespace lktest
