// SPDX-License-Identifier: MIT
#pragma once

#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// The commands that the runners of CI systems would find in a log. Modelled on their parsers instead of
/// lktest's filter. .NET's readers end a line at each of "\r" and "\n". Its comparisons skip
/// characters that the language's rules ignore, here: control characters and everything beyond ASCII.
inline std::vector<std::string> runner_commands(std::string_view log) {
    static const std::regex first_in_line("^[ \t\v\f]*::.*"), anywhere("##[A-Za-z]*\\[.*"),
        section("section_(start|end):[0-9]+:.*");
    std::vector<std::string> found;
    std::string line, seen;
    const auto end_line = [&] {
        for (const std::regex& command : {first_in_line, anywhere, section})
            for (const std::string& text : {line, seen})
                if (std::smatch match; std::regex_search(text, match, command)) {
                    found.push_back(match.str());
                    break;
                }
        line.clear();
        seen.clear();
    };
    for (const char c : log) {
        if (c == '\n' || c == '\r') {
            end_line();
            continue;
        }
        line += c;
        const auto byte = static_cast<unsigned char>(c);
        if ((byte >= 0x20 && byte < 0x7f) || c == '\t' || c == '\v' || c == '\f')
            seen += c;
    }
    end_line();
    return found;
}

}  // namespace lktest
