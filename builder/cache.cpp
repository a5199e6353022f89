// SPDX-License-Identifier: MIT
#include "builder/cache.hpp"

#include <fmt/format.h>

#include <chrono>

#include "builder/base/file.hpp"
#include "builder/base/hash.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view made = "made", suffix = ".inputs";

/// Removes what was not used for long. Another process may do the same: nothing here is an error.
void forget_old(const fs::path& directory) {
    const auto oldest = fs::file_time_type::clock::now() - std::chrono::weeks(2);
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, ignored))
        if (entry.last_write_time(ignored) < oldest && !ignored)
            fs::remove(entry.path(), ignored);
}

}  // namespace

fs::path cached(const fs::path& cache, std::string_view kind, const std::string& inputs,
                const std::function<void(const fs::path&)>& make) {
    const fs::path directory = cache / made;
    make_directories(directory);
    fs::path file = directory / fmt::format("{}-{:016x}", kind, hash(inputs));
    fs::path note = file;
    note += suffix;
    std::error_code error;
    if (!fs::exists(file) || !fs::exists(note) || read_file(note) != inputs) {
        forget_old(directory);
        fs::remove(note, error);  // a file without its note is not believed
        AtomicFile target(file);
        make(target.temporary());
        target.commit();
        write_file(note, inputs);
    }
    const auto now = fs::file_time_type::clock::now();
    fs::last_write_time(file, now, error);
    fs::last_write_time(note, now, error);
    return file;
}

}  // namespace lktest
