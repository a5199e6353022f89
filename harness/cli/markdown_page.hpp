// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// A man page that is made of one of lktest's Markdown pages, so that both say the same.
struct MarkdownPage {
    std::string name, about;  ///< "lktest-scenario", a few words
    std::string text;         ///< Markdown: headings, paragraphs, lists, tables and code
    std::vector<std::string> see_also;
};

/// The page in section 5, in the man macros of groff_man(7). Links keep their text only.
std::string markdown_page(const MarkdownPage& page);

/// The part of a Markdown page from this heading ("## title") to the next one; empty if there is none.
std::string markdown_section(std::string_view page, std::string_view title);

}  // namespace lktest
