// SPDX-License-Identifier: MIT
#include "harness/scenario/step.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "builder/base/re2_text.hpp"
#include "harness/scenario/disk.hpp"

namespace lktest {
namespace {

/// Calls `text` with each piece between variables, and `variable` with the name of each variable.
template <typename OnText, typename OnVariable>
void walk(std::string_view whole, OnText text, OnVariable variable) {
    for (;;) {
        const std::size_t begin = whole.find("${");
        const std::size_t end = begin == whole.npos ? begin : whole.find('}', begin);
        if (end == whole.npos)
            return text(whole);
        const std::string_view name = whole.substr(begin + 2, end - begin - 2);
        text(whole.substr(0, begin));
        // The shell's own ${x:-y} and similar forms are left alone.
        if (name.empty() ||
            name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") !=
                name.npos)
            text(whole.substr(begin, end + 1 - begin));
        else
            variable(name);
        whole.remove_prefix(end + 1);
    }
}

std::string quote_meta(std::string_view text) {
    return re2::RE2::QuoteMeta(to_re2(text));
}

}  // namespace

std::string booted_disk(const Step& step) {
    if (const auto* reboot = std::get_if<Reboot>(&step.action))
        return reboot->into;
    if (const auto* reset = std::get_if<PressReset>(&step.action))
        return reset->into;
    return {};
}

std::vector<std::string> inserted_images(const std::vector<Step>& steps) {
    std::vector<std::string> images;
    for (const Step& step : steps)
        if (const auto* insert = std::get_if<InsertMedium>(&step.action))
            if (insert->image != medium_file)
                images.push_back(insert->image);
    return images;
}

std::vector<std::string> known_variables() {
    return {"artefacts", "guest", "host", "served"};
}

std::string fill_in(std::string_view text, const Variables& variables,
                    std::string (*quote)(std::string_view)) {
    std::string filled;
    walk(
        text, [&](std::string_view part) { filled += part; },
        [&](std::string_view name) {
            const auto found = variables.find(std::string(name));
            if (found == variables.end())
                filled.append("${").append(name).append("}");
            else
                filled += quote ? quote(found->second) : found->second;
        });
    return filled;
}

Environment host_environment(const Variables& variables) {
    return {variables.begin(), variables.end()};
}

std::optional<std::string> not_for_environment(const Variables& variables) {
    // The kernel's limits: 32 pages for one string (MAX_ARG_STRLEN), and for all strings a quarter of the
    // stack, of which this program's own environment needs a part.
    constexpr std::size_t most = (128 << 10) - 1, most_together = 1 << 20;
    std::size_t together = 0;
    for (const auto& [name, value] : variables) {
        const std::size_t size = name.size() + 1 + value.size();
        if (value.find('\0') != value.npos)
            return fmt::format("what '{}' captured cannot be an environment variable: it has a NUL byte",
                               name);
        if (size > most)
            return fmt::format(
                "what '{}' captured cannot be an environment variable: it has {} bytes, but only {} are "
                "allowed",
                name, value.size(), most - name.size() - 1);
        together += size;
    }
    if (together > most_together)
        return fmt::format(
            "the captures have {} bytes in total, but the environment of a program holds only {}", together,
            most_together);
    return std::nullopt;
}

std::optional<std::string> unfit_capture(std::string_view name) {
    const std::vector<std::string> taken = known_variables();
    if (std::ranges::find(taken, name) != taken.end())
        return fmt::format("'{}' cannot be captured: lktest sets it in every cell", name);
    if (name.empty() || name.front() < 'a' || name.front() > 'z')
        return fmt::format("'{}' cannot name a capture: it must begin with a lower-case letter", name);
    if (name.ends_with("_proxy"))
        return fmt::format("'{}' cannot name a capture: programs would use it as their proxy server", name);
    return std::nullopt;
}

std::vector<std::string> variables_of(std::string_view text) {
    std::vector<std::string> names;
    walk(
        text, [](std::string_view) {}, [&](std::string_view name) { names.emplace_back(name); });
    return names;
}

bool matches(std::string_view text, const std::string& pattern, Variables& variables) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    const re2::RE2 expression("(?m)" + fill_in(pattern, variables, quote_meta), options);
    std::vector<re2::StringPiece> groups(
        static_cast<std::size_t>(std::max(expression.NumberOfCapturingGroups(), 0)) + 1);
    if (!expression.Match(to_re2(text), 0, text.size(), re2::RE2::UNANCHORED, groups.data(),
                          static_cast<int>(groups.size())))
        return false;
    for (const auto& [name, index] : expression.NamedCapturingGroups())
        variables[name] = std::string(from_re2(groups[static_cast<std::size_t>(index)]));
    return true;
}

}  // namespace lktest
