// SPDX-License-Identifier: MIT
#include "harness/report/diagnosis_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/printable.hpp"

namespace lktest {
namespace {

constexpr std::size_t label_width = 10;

class Page {
public:
    explicit Page(const Style& style) : style_(style) {}

    void title(std::string_view text) { put({{printable(text), Tone::strong}}); }

    /// A label and its text, broken at spaces.
    void field(std::string_view label, std::string_view text, Tone tone = Tone::plain) {
        constexpr std::size_t margin = 2 + label_width, least = 20;
        const std::string shown = printable(text);
        for (const std::string& line : wrap(shown, std::max(style_.width, margin + least) - margin)) {
            put({{fmt::format("  {:{}}", label, label_width), Tone::dim}, {line, tone}});
            label = "";
        }
    }

    std::string take() { return std::move(text_); }

private:
    void put(const Line& line) { text_ += paint(line, style_) + "\n"; }

    const Style& style_;
    std::string text_;
};

std::string text_at(const Json& json, const char* key) {
    return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
}

/// The first `most` strings of a list. Only the first line has the label.
void list(Page& page, std::string_view label, const Json& json, const char* key, std::size_t most) {
    if (!json.contains(key) || !json[key].is_array())
        return;
    for (std::size_t i = 0; i < std::min(most, json[key].size()); ++i)
        if (json[key][i].is_string())
            page.field(i == 0 ? label : "", json[key][i].get<std::string>());
}

/// The facts and findings that point to this cause.
std::vector<std::string> decisive_facts(const Json& cause) {
    std::vector<std::string> facts;
    for (const Json& shown : cause.value("evidence", Json::array()))
        if (const std::string text = shown.is_string() ? shown.get<std::string>() : "";
            text.starts_with("measured: ") || text.starts_with("on the medium: "))
            facts.push_back(text);
    return facts;
}

}  // namespace

std::string diagnosis_text(std::string_view guest, const Json& diagnosis, const Style& style) {
    Page page(style);
    page.title(guest);
    page.field("stage", text_at(diagnosis, "stage"));
    page.field("seen", text_at(diagnosis, "summary"), Tone::strong);
    list(page, "because", diagnosis, "evidence", 4);
    if (diagnosis.contains("silence") && diagnosis["silence"].is_object()) {
        page.field("silent", text_at(diagnosis["silence"], "reason"));
        if (!diagnosis.contains("causes") || diagnosis["causes"].empty())
            page.field("fix", text_at(diagnosis["silence"], "fix"), Tone::good);
    }
    if (const std::string reason = text_at(diagnosis, "reason"); !reason.empty())
        page.field("failed", reason, Tone::bad);
    const Json causes = diagnosis.value("causes", Json::array());
    for (std::size_t i = 0; i < std::min<std::size_t>(2, causes.size()); ++i) {
        page.field(i == 0 ? "likely" : "or", text_at(causes[i], "cause"));
        for (const std::string& decisive : decisive_facts(causes[i]))
            page.field("", decisive);
        page.field("fix", text_at(causes[i], "fix"), Tone::good);
    }
    if (causes.empty() && !text_at(diagnosis, "fix").empty())
        page.field("fix", text_at(diagnosis, "fix"), Tone::good);
    list(page, "CPUs", diagnosis, "cpus", 2);
    list(page, "disks", diagnosis, "disks", 2);
    list(page, "network", diagnosis, "network", 2);
    list(page, "devices", diagnosis, "devices", 3);
    list(page, "unknown", diagnosis, "untold", 2);
    return page.take();
}

}  // namespace lktest
