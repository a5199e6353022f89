// SPDX-License-Identifier: MIT
#include "builder/cache.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <system_error>

#include "builder/base/error.hpp"
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
            fs::remove_all(entry.path(), ignored);
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
        fs::remove_all(file, error);
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

std::string file_identity(const fs::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) < 0)
        throw usage_error(
            fmt::format("cannot read {}: {}", file.string(), std::generic_category().message(errno)));
    return fmt::format("{} {} {}.{:09} {}.{:09} {}:{}\n", fs::absolute(file).string(), status.st_size,
                       status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                       status.st_ctim.tv_nsec, status.st_dev, status.st_ino);
}

}  // namespace lktest
