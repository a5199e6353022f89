// SPDX-License-Identifier: MIT
#include "harness/diagnose/dmesg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "builder/base/printable.hpp"

namespace lktest {
namespace {

/// Printable, but keeps tabs, so that lines equal those of the console.
std::string printable_with_tabs(std::string_view line) {
    std::string text;
    while (true) {
        const std::size_t tab = line.find('\t');
        text += printable(line.substr(0, tab));
        if (tab == line.npos)
            return text;
        text += '\t';
        line.remove_prefix(tab + 1);
    }
}

}  // namespace

std::vector<std::string> dmesg_lines(const LogRecord& record) {
    using std::chrono::microseconds, std::chrono::duration_cast;
    const auto time = static_cast<std::uint64_t>(duration_cast<microseconds>(record.time).count());
    const std::string prefix = fmt::format("[{:5}.{:06}] ", time / 1'000'000, time % 1'000'000);
    std::vector<std::string> lines;
    std::string_view rest = record.text;
    do {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        lines.push_back(prefix + printable_with_tabs(line));
    } while (!rest.empty());
    return lines;
}

std::string dmesg(const std::vector<LogRecord>& log) {
    std::string text;
    for (const LogRecord& record : log)
        for (const std::string& line : dmesg_lines(record))
            text += line + "\n";
    return text;
}

}  // namespace lktest
