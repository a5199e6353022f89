// SPDX-License-Identifier: MIT
#include "harness/scenario/files.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace lktest {

FileList read_files(TomlSource& source, const toml::table& values) {
    FileList files;
    for (const auto& [path, value] : values) {
        const auto* from = value.as_string();
        if (!from) {
            source.complain(value.source(),
                            fmt::format("'{}' must be a string: the file to copy", std::string(path.str())));
            continue;
        }
        const std::string text = from->get();
        if (text == medium_file || text.starts_with(of_medium)) {
            files.emplace_back(path.str(), text);
            continue;
        }
        // Relative to the scenario, so that both can be moved together.
        const std::string_view kind = text.starts_with(as_module) ? as_module : "";
        const std::filesystem::path file = text.substr(kind.size());
        files.emplace_back(
            path.str(),
            std::string(kind) + (std::filesystem::path(source.file).parent_path() / file).string());
    }
    return files;
}

}  // namespace lktest
