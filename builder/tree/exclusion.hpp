// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

namespace lktest {

/// Whether a path, or a directory above it, is excluded from a tree.
/// /lib/x and /usr/lib/x are the same path, as in a merged /usr.
class Exclusion {
public:
    /// @param patterns  shell patterns of absolute paths; '*' matches '/' too
    explicit Exclusion(const std::vector<std::string>& patterns);

    /// @param path  absolute, without a slash at its end; "" is the root
    bool covers(const std::string& path);

private:
    bool covers_merged(const std::string& path);

    std::vector<std::string> patterns_;
    std::unordered_map<std::string, bool> answers_;
};

}  // namespace lktest
