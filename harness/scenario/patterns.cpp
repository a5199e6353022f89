// SPDX-License-Identifier: MIT
#include "harness/scenario/patterns.hpp"

#include <array>

namespace lktest {
namespace {

constexpr std::array<std::string_view, 3> view_names{"lines", "prompt", "screen"};

std::string hint_for(RE2::ErrorCode code) {
    if (code == RE2::ErrorBadPerlOp || code == RE2::ErrorBadEscape)
        return "patterns are RE2 expressions: no look-around, no back-references";
    return {};
}

}  // namespace

std::vector<Pattern> read_patterns(TomlSource& source, TableReader& table, std::string_view key) {
    RE2::Options options;
    options.set_log_errors(false);
    std::vector<Pattern> patterns;
    for (const PlacedText& text : table.texts(key)) {
        auto pattern = std::make_shared<const RE2>(text.text, options);
        if (!pattern->ok())
            source.complain(text.where, "bad regular expression: " + pattern->error(),
                            hint_for(pattern->error_code()));
        else if (RE2::PartialMatch("", *pattern))
            source.complain(text.where, "this pattern matches an empty line, so it is useless");
        else
            patterns.push_back(std::move(pattern));
    }
    return patterns;
}

View read_view(TableReader& table) {
    return static_cast<View>(table.one_of("view", view_names).value_or(0));
}

}  // namespace lktest
