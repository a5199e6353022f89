// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lktest {

/// page/page.html, page.css and page.js, embedded when lktest was built.
struct PageParts {
    std::string_view html, css, script;
};
extern const PageParts page_parts;

/// index.html: the whole run in one file without external resources. Its content security policy allows only
/// the page's own script, so guest text cannot become a script.
/// @param matrix_json  from json_report()
/// @param cells  the results of pack_cell() in the same order; may be empty
/// @param usual_json  {"CELL": {"MILESTONE": seconds}}: the usual times of milestones
std::string html_page(std::string_view matrix_json, std::span<const std::string> cells,
                      std::string_view usual_json = "{}");

}  // namespace lktest
