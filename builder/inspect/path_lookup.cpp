// SPDX-License-Identifier: MIT
#include "builder/inspect/path_lookup.hpp"

#include <algorithm>

#include "builder/inspect/limits.hpp"

namespace lktest {
namespace {

/// Removes "a" from "a/b/c", so that "b/c" remains.
std::string_view take_part(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

void step(std::string& path, std::string_view part) {
    if (part == "..")
        path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    else if (!part.empty() && part != ".")
        path.append("/").append(part);
}

}  // namespace

std::string normal_path(std::string_view path) {
    std::string normal;
    while (!path.empty())
        step(normal, take_part(path));
    return normal.empty() ? "/" : normal;
}

std::string follow_links(std::string_view path,
                         const std::function<std::optional<std::string>(const std::string&)>& link) {
    constexpr std::size_t link_limit = 40, step_limit = 1024;
    if (path.size() > longest_path)
        return std::string(path);
    std::string reached, rest(path);
    for (std::size_t links = 0, steps = 0; !rest.empty() && steps < step_limit; ++steps) {
        std::string_view view = rest;
        const std::string part(take_part(view));
        std::string after(view);
        const std::string before = reached;
        step(reached, part);
        const auto target = part == ".." || reached == before ? std::nullopt : link(reached);
        if (target && links++ < link_limit && target->size() + after.size() < longest_path) {
            reached = target->starts_with('/') ? "" : before;
            rest = *target + "/" + after;
        } else {
            rest = std::move(after);
        }
    }
    return reached.empty() ? "/" : reached;
}

std::string lower_case(std::string_view text) {
    std::string small(text);
    std::ranges::transform(small, small.begin(), lower);
    return small;
}

bool LessAnyCase::operator()(std::string_view one, std::string_view other) const {
    return std::ranges::lexicographical_compare(one, other, {}, lower, lower);
}

std::string_view directory_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos || slash == 0 ? "/" : path.substr(0, slash);
}

std::string_view file_name_of(std::string_view path) {
    return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

}  // namespace lktest
