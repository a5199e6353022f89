// SPDX-License-Identifier: MIT
#include "harness/history/pending.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "builder/base/file.hpp"
#include "harness/results/json.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

/// matrix.json does not contain its directory, but the history identifies runs by it.
constexpr const char* directory_key = "directory";

fs::path pending_directory(const fs::path& history) {
    return history.string() + ".pending";
}

}  // namespace

fs::path keep_pending(const fs::path& history, const results::Run& run) {
    const fs::path directory = pending_directory(history);
    make_directories(directory);
    Json json = to_json(run);
    json[directory_key] = fs::absolute(run.directory).lexically_normal().string();
    fs::path file = directory / fmt::format("{}-{}.json", results::utc_time(run.started), ::getpid());
    write_file(file, json_output(json) + "\n");
    return file;
}

std::size_t record_pending(const fs::path& file, History& history) {
    std::error_code none;
    std::vector<fs::path> kept;
    for (const fs::directory_entry& entry : fs::directory_iterator(pending_directory(file), none))
        if (entry.path().extension() == ".json")
            kept.push_back(entry.path());
    std::ranges::sort(kept);
    std::size_t added = 0;
    for (const fs::path& path : kept) {
        results::Run run;
        try {
            run = results::read_run(path);
        } catch (const Error&) {
            continue;
        }
        if (const auto directory = run.other.find(directory_key);
            directory != run.other.end() && directory->is_string())
            run.directory = directory->get<std::string>();
        added += history.record(run) ? 1 : 0;
        fs::remove(path, none);
    }
    if (!kept.empty())
        fs::remove(pending_directory(file), none);  // if it is empty now
    return added;
}

}  // namespace lktest
