// SPDX-License-Identifier: MIT
#include "harness/report/renderers.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "harness/report/github.hpp"
#include "harness/report/html.hpp"
#include "harness/report/json.hpp"
#include "harness/report/junit.hpp"
#include "harness/report/markdown.hpp"
#include "harness/report/tap.hpp"
#include "harness/report/text.hpp"

namespace lktest {
namespace {

using results::Run;

constexpr std::array renderer_table{
    Renderer{"text", "", [](const Run& run, const Rendering& with) { return text_report(run, with.style); }},
    Renderer{"markdown", "",
             [](const Run& run, const Rendering& with) { return markdown_report(run, with.base); }},
    Renderer{"comment", "",
             [](const Run& run, const Rendering& with) { return comment_report(run, with.base); }},
    Renderer{"tap", "", [](const Run& run, const Rendering&) { return tap_report(run); }},
    Renderer{"json", "matrix.json", [](const Run& run, const Rendering&) { return json_report(run); }},
    Renderer{"junit", "junit.xml", [](const Run& run, const Rendering&) { return junit_report(run); }},
    Renderer{"jsonl", "", [](const Run& run, const Rendering&) { return json_lines(run); }},
    Renderer{"github", "", [](const Run& run, const Rendering&) { return github_annotations(run); }},
    Renderer{"html", "index.html",
             [](const Run& run, const Rendering& with) {
                 return html_page(json_report(run), with.cells, with.usual);
             }},
};

}  // namespace

std::span<const Renderer> renderers() {
    return renderer_table;
}

const Renderer& renderer(std::string_view format) {
    const auto found = std::ranges::find(renderer_table, format, &Renderer::format);
    assert(found != renderer_table.end());
    return *found;
}

}  // namespace lktest
