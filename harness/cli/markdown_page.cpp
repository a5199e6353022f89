// SPDX-License-Identifier: MIT
#include "harness/cli/markdown_page.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "harness/cli/roff.hpp"

namespace lktest {
namespace {

/// Text with `code`, **strong words** and [links](target) as roff.
std::string inline_roff(std::string_view text) {
    std::string out;
    const auto take_to = [&text](std::string_view end, std::size_t skip) {
        const std::size_t at = std::min(text.find(end, skip), text.size());
        const std::string_view inside = text.substr(skip, at - skip);
        text.remove_prefix(std::min(at + end.size(), text.size()));
        return inside;
    };
    while (!text.empty()) {
        if (text.starts_with('`')) {
            out += fmt::format("\\fB{}\\fR", roff_escaped(take_to("`", 1)));
        } else if (text.starts_with("**")) {
            out += fmt::format("\\fB{}\\fR", roff_escaped(take_to("**", 2)));
        } else if (const std::size_t target = text.find("]("); text.starts_with('[') && target != text.npos) {
            out += inline_roff(text.substr(1, target - 1));
            take_to(")", target + 2);
        } else {
            const std::size_t end = std::min(text.find_first_of("`*[", 1), text.size());
            out += roff_escaped(text.substr(0, end));
            text.remove_prefix(end);
        }
    }
    return out;
}

/// The cells of "| a | b |".
std::vector<std::string> cells_of(std::string_view row) {
    std::vector<std::string> cells(1);
    bool in_code = false;
    for (const char c : row.substr(1)) {
        in_code ^= c == '`';
        if (c == '|' && !in_code)
            cells.emplace_back();
        else
            cells.back() += c;
    }
    cells.pop_back();  // what follows the last bar
    for (std::string& cell : cells) {
        cell.erase(0, cell.find_first_not_of(' '));
        cell.erase(cell.find_last_not_of(' ') + 1);
    }
    return cells;
}

std::string without_code_marks(std::string_view text) {
    std::string out(text);
    std::erase(out, '`');
    return out;
}

std::string upper_case(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
    return out;
}

/// Translates line by line.
class Translation {
public:
    void add(std::string_view line) {
        if (line.starts_with("```")) {
            end_paragraph();
            in_code_ = !in_code_;
            text_ += in_code_ ? ".PP\n.RS 4\n.nf\n" : ".fi\n.RE\n";
        } else if (in_code_) {
            text_ += "\\&" + roff_escaped(line) + "\n";
        } else if (line.starts_with('#')) {
            end_paragraph();
            heading(line);
        } else if (line.starts_with('|')) {
            end_paragraph();
            row(line);
        } else if (line.empty()) {
            end_paragraph();
        } else {
            if (line.starts_with("- ")) {
                end_paragraph();
                macro_ = ".IP \\(bu 2";
                line.remove_prefix(2);
            }
            paragraph_ +=
                (paragraph_.empty() ? "" : " ") + std::string(line.substr(line.find_first_not_of(' ')));
        }
        was_row_ = line.starts_with('|');
    }
    std::string take() {
        end_paragraph();
        return std::move(text_);
    }

private:
    void heading(std::string_view line) {
        const std::size_t level = std::min(line.find_first_not_of('#'), line.size());
        const std::string title = without_code_marks(line.substr(std::min(level + 1, line.size())));
        if (level == 1)  // the page's own
            text_ += ".SH DESCRIPTION\n";
        else
            text_ += fmt::format("{} {}\n", level == 2 ? ".SH" : ".SS", roff_escaped(title));
    }

    /// The first row names the columns, and the second one is a rule.
    void row(std::string_view line) {
        const std::vector<std::string> cells = cells_of(line);
        if (!was_row_)
            columns_ = cells;
        if (!was_row_ || line.find_first_not_of("|-: ") == line.npos || cells.empty())
            return;
        text_ += fmt::format(".TP\n{}\n", inline_roff(cells.front()));
        for (std::size_t i = 1; i < cells.size(); ++i)
            text_ += cells.size() > 2 && i < columns_.size()
                         ? fmt::format("{}{}: {}\n", i > 1 ? ".br\n" : "", inline_roff(columns_[i]),
                                       inline_roff(cells[i]))
                         : inline_roff(cells[i]) + "\n";
    }

    void end_paragraph() {
        if (!paragraph_.empty())
            text_ += fmt::format("{}\n{}\n", macro_, inline_roff(std::exchange(paragraph_, {})));
        macro_ = ".PP";
    }

    std::string text_, paragraph_;
    std::string_view macro_ = ".PP";
    std::vector<std::string> columns_;
    bool in_code_ = false, was_row_ = false;
};

}  // namespace

std::string markdown_page(const MarkdownPage& page) {
    std::string text = fmt::format(".TH {} 5 \"\" \"lktest " LKTEST_VERSION "\" \"File Formats\"\n",
                                   roff_escaped(upper_case(page.name)));
    text += fmt::format(".SH NAME\n{} \\- {}\n", roff_escaped(page.name), roff_escaped(page.about));
    Translation translation;
    std::string_view rest = page.text;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        translation.add(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    text += translation.take();
    std::vector<std::string> others{"\\fBlktest\\fR(1)"};
    for (const std::string& other : page.see_also) {
        const std::size_t section = other.find('(');
        others.push_back(
            fmt::format("\\fB{}\\fR{}", roff_escaped(other.substr(0, section)), other.substr(section)));
    }
    return text + fmt::format(".SH SEE ALSO\n{}\n", fmt::join(others, ", "));
}

std::string markdown_section(std::string_view page, std::string_view title) {
    const std::string heading = fmt::format("\n## {}\n", title);
    const std::size_t begin = page.find(heading);
    if (begin == page.npos)
        return "";
    const std::size_t end = page.find("\n## ", begin + heading.size());
    return std::string(page.substr(begin + 1, std::min(end, page.size() - 1) - begin));
}

}  // namespace lktest
