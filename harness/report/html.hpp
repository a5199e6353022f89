// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lktest {

/// page/page.html, page.css and page.js, as they were when lktest was built.
struct PageParts {
    std::string_view html, css, script;
};
extern const PageParts page_parts;

/// index.html: the whole run in one file that fetches nothing. Its content security policy lets only
/// the page's own script run, so that no text of a guest can become one.
/// @param matrix_json  what json_report() made
/// @param cells  of each cell in that order what pack_cell() made; empty where there is nothing
/// @param usual_json  {"CELL": {"MILESTONE": seconds}}: when milestones were reached before
std::string html_page(std::string_view matrix_json, std::span<const std::string> cells,
                      std::string_view usual_json = "{}");

}  // namespace lktest
