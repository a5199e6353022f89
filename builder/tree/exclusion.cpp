// SPDX-License-Identifier: MIT
#include "builder/tree/exclusion.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <string_view>

namespace lktest {
namespace {

/// Treats /lib/x as /usr/lib/x, in paths and in patterns.
std::string merged(std::string_view path) {
    for (const std::string_view top : {"/bin", "/sbin", "/lib", "/lib64"})
        if (path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/'))
            return fmt::format("/usr{}", path);
    return std::string(path);
}

}  // namespace

Exclusion::Exclusion(const std::vector<std::string>& patterns) {
    for (const std::string& pattern : patterns)
        patterns_.push_back(merged(pattern));
}

bool Exclusion::covers(const std::string& path) {
    return !patterns_.empty() && covers_merged(merged(path));
}

bool Exclusion::covers_merged(const std::string& path) {
    if (path.empty())
        return false;
    const auto known = answers_.find(path);
    if (known != answers_.end())
        return known->second;
    const bool covered = covers_merged(path.substr(0, path.rfind('/'))) ||
                         std::ranges::any_of(patterns_, [&](const std::string& pattern) {
                             return ::fnmatch(pattern.c_str(), path.c_str(), 0) == 0;
                         });
    answers_.emplace(path, covered);
    return covered;
}

}  // namespace lktest
