// SPDX-License-Identifier: MIT
#include "builder/cache.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <system_error>
#include <utility>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/hash.hpp"
#include "builder/image/checksums.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view suffix = ".inputs";

/// The note's time says when a part was last used; blocks have no note.
fs::file_time_type used_at(const fs::path& file, std::error_code& error) {
    const fs::path note = inputs_of(file);
    return fs::last_write_time(fs::exists(note, error) ? note : file, error);
}

/// Removes files that were not used for long. Another process may do the same, so errors are ignored.
void forget_old(const fs::path& directory) {
    const auto oldest = fs::file_time_type::clock::now() - std::chrono::weeks(2);
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, ignored)) {
        const fs::path& found = entry.path();
        if (found.extension() == suffix && fs::exists(found.parent_path() / found.stem(), ignored))
            continue;  // goes with its file
        const auto used = used_at(found, ignored);
        if (ignored || used >= oldest)
            continue;
        fs::remove_all(found, ignored);
        fs::remove(inputs_of(found), ignored);
    }
}

/// The regular files below `path` by name, or `path` itself if it is a regular file.
std::map<std::string, fs::path> files_of(const fs::path& made) {
    if (!fs::is_directory(made))
        return {{"", made}};
    std::map<std::string, fs::path> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(made))
        if (entry.is_regular_file())
            files[entry.path().lexically_relative(made)] = entry.path();
    return files;
}

/// Size and time of each file, and its digest: a change by a program changes the first two.
std::string state_of(const fs::path& made, CacheCheck check) {
    std::string text;
    std::vector<ImageFile> content;
    for (const auto& [name, file] : files_of(made)) {
        struct stat status {};
        if (::stat(file.c_str(), &status) < 0)
            throw system_error(fmt::format("cannot read {}", file.string()), errno);
        text += fmt::format("made {} {} {}.{:09}\n", name, status.st_size, status.st_mtim.tv_sec,
                            status.st_mtim.tv_nsec);
        content.push_back({name, file});
    }
    if (check == CacheCheck::digest)
        for (const FileDigest& digest : digests(content))
            text += fmt::format("sha256 {} {}\n", digest.sha256, digest.path);
    return text;
}

/// Whether it was made of these inputs, and is unchanged.
bool is_sound(const fs::path& made, const std::string& inputs, CacheCheck check, const Why& warn) {
    if (!fs::exists(made) || !fs::is_regular_file(inputs_of(made)))
        return false;
    const std::string note = read_file(inputs_of(made));
    if (note.starts_with(inputs) && note == inputs + state_of(made, check))
        return true;
    if (warn)
        warn(fmt::format("{} in the cache is damaged and will be made again", made.filename().string()));
    return false;
}

}  // namespace

CacheUse::CacheUse(const fs::path& cache) : cache_(cache) {
    make_directories(cache);
    const fs::path file = cache / "in-use";
    lock_.reset(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    // Waits only while another build removes files.
    if (!lock_ || ::flock(lock_.get(), LOCK_SH) < 0)
        throw system_error(fmt::format("cannot lock {}", file.string()), errno);
}

void CacheUse::limit(std::uint64_t most) const {
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) < 0)
        return;
    std::multimap<fs::file_time_type, std::pair<fs::path, std::uint64_t>> files;
    std::uint64_t total = 0;
    std::error_code ignored;
    for (const char* name : {made_directory, blocks_directory}) {
        forget_old(cache_ / name);
        for (const fs::directory_entry& entry : fs::directory_iterator(cache_ / name, ignored)) {
            if (entry.path().extension() == suffix)
                continue;
            const std::uint64_t size = size_below(entry.path());
            total += size;
            files.emplace(used_at(entry.path(), ignored), std::pair(entry.path(), size));
        }
    }
    for (const auto& [time, file] : files) {
        if (total <= most)
            break;
        fs::remove_all(file.first, ignored);
        fs::remove(inputs_of(file.first), ignored);
        total -= file.second;
    }
    ::flock(lock_.get(), LOCK_SH);
}

std::string digest_of_part(const fs::path& cache, const fs::path& made) {
    if (made.parent_path() != cache / made_directory || !fs::is_regular_file(made))
        return "";
    const std::string note = read_file(inputs_of(made));
    constexpr std::string_view word = "\nsha256 ";
    const std::size_t at = note.rfind(word), size = 64;
    return at == std::string::npos ? "" : note.substr(at + word.size(), size);
}

std::uint64_t size_below(const fs::path& path) {
    if (!fs::is_directory(path))
        return fs::file_size(path);
    std::uint64_t total = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path))
        total += entry.is_regular_file() ? entry.file_size() : 0;
    return total;
}

fs::path inputs_of(const fs::path& made) {
    return made.string() + std::string(suffix);
}

fs::path cached(const fs::path& cache, std::string_view kind, const std::string& inputs,
                const std::function<void(const fs::path&)>& make, CacheCheck check, const Why& warn) {
    const fs::path directory = cache / made_directory;
    make_directories(directory);
    fs::path file = directory / fmt::format("{}-{:016x}", kind, hash(inputs));
    const fs::path note = inputs_of(file);
    std::error_code error;
    if (!is_sound(file, inputs, check, warn)) {
        forget_old(directory);
        fs::remove_all(note, error);  // a file without its note is not used
        fs::remove_all(file, error);
        AtomicFile target(file);
        make(target.temporary());
        target.commit();
        write_file(note, inputs + state_of(file, check));
    }
    fs::last_write_time(note, fs::file_time_type::clock::now(), error);
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
