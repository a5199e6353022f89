// SPDX-License-Identifier: MIT
#include "harness/run/lookup.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/problem.hpp"

namespace lktest {

std::vector<std::string> data_names(const DataKind& kind) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(data_file(kind.directory)))
        if (entry.path().extension() == ".toml")
            names.push_back(entry.path().stem());
    std::ranges::sort(names);
    return names;
}

std::filesystem::path find_data(const DataKind& kind, const std::string& word) {
    std::error_code ignored;
    const bool is_directory = std::filesystem::is_directory(word, ignored);
    if (!is_directory && (word.find('/') != std::string::npos || word.ends_with(".toml")))
        return word;
    const std::vector<std::string> names = data_names(kind);
    if (std::ranges::find(names, word) != names.end())
        return data_file(std::filesystem::path(kind.directory) / (word + ".toml"));
    if (is_directory)
        throw usage_error(fmt::format("{} is a directory, not a {}", word, kind.name),
                          kind.directory == recipe_files.directory
                              ? fmt::format("to build a medium from it: lktest build --root {}", word)
                              : "give the path of a TOML file");
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    const std::string hint = suggestion(word, candidates);
    throw usage_error(
        fmt::format("there is no {} named '{}'", kind.name, word),
        hint + (hint.ends_with('?') ? "" : ".") + " Or give the path of your own file, ending in .toml");
}

}  // namespace lktest
