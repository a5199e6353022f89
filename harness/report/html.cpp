// SPDX-License-Identifier: MIT
#include "harness/report/html.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "harness/report/base64.hpp"

namespace lktest {
namespace {

/// JSON without anything that an HTML parser would recognise in a <script>: "</script>", "<!--".
std::string for_script(std::string_view json) {
    std::string text;
    text.reserve(json.size() + json.size() / 16);
    for (const char c : json) {
        switch (c) {
            case '<': text += "\\u003c"; break;
            case '>': text += "\\u003e"; break;
            case '&': text += "\\u0026"; break;
            default: text += c;
        }
    }
    return text;
}

std::string cell_blocks(std::span<const std::string> cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i)
        if (!cells[i].empty())
            text += fmt::format("<script type=\"text/plain\" id=\"cell-{}\">{}</script>\n", i, cells[i]);
    return text;
}

}  // namespace

std::string html_page(std::string_view matrix_json, std::span<const std::string> cells,
                      std::string_view usual_json) {
    // The policy's hash covers the script's text, which begins with the newline after the tag.
    const std::string script = "\n" + std::string(page_parts.script);
    const std::array<std::pair<std::string_view, std::string>, 6> parts{{
        {"{{script-hash}}", "sha256-" + base64(sha256(script))},
        {"{{style}}", std::string(page_parts.css)},
        {"{{run}}", for_script(matrix_json)},
        {"{{usual}}", for_script(usual_json)},
        {"{{cells}}", cell_blocks(cells)},
        {"{{script}}", std::string(page_parts.script)},
    }};
    // Replaces in the template's order, and never inside inserted text: a guest may print "{{script}}".
    std::string page;
    std::string_view rest = page_parts.html;
    for (const auto& [name, text] : parts) {
        const std::size_t place = rest.find(name);
        page += rest.substr(0, place);
        page += text;
        rest.remove_prefix(place + name.size());
    }
    page += rest;
    return page;
}

}  // namespace lktest
