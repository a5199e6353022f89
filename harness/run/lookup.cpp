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
    if (word.find('/') != std::string::npos || word.ends_with(".toml"))
        return word;
    const std::vector<std::string> names = data_names(kind);
    if (std::ranges::find(names, word) != names.end())
        return data_file(std::filesystem::path(kind.directory) / (word + ".toml"));
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    throw usage_error(fmt::format("there is no {} named '{}'", kind.name, word),
                      suggestion(word, candidates) + "; for your own file, give its path, ending in .toml");
}

}  // namespace lktest
