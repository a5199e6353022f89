// SPDX-License-Identifier: MIT
#include "harness/results/run_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <system_error>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/handle.hpp"

namespace lktest::results {
namespace {

namespace fs = std::filesystem;

constexpr int read_only = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
constexpr std::size_t longest_name = 255;

struct File {
    UniqueFd fd;
    std::uintmax_t size = 0;
    std::string problem{};  ///< why it cannot be read; empty if it can
    bool is_directory = false;
};

/// Opens a regular file. A pipe or a device is opened only to recognise it, without waiting.
/// @param flags  O_NOFOLLOW, or 0
File open_regular(int directory, const fs::path& name, int flags) {
    File file{.fd = UniqueFd(::openat(directory, name.c_str(), read_only | flags))};
    struct stat facts {};
    if (!file.fd)
        file.problem = errno == ELOOP ? "it is a link" : std::generic_category().message(errno);
    else if (::fstat(file.fd.get(), &facts) < 0 || !S_ISREG(facts.st_mode))
        file.problem = "it is not a regular file";
    file.is_directory = S_ISDIR(facts.st_mode);
    if (file.problem.empty())
        file.size = static_cast<std::uintmax_t>(facts.st_size);
    return file;
}

UniqueFd open_directory_in(int directory, const fs::path& name, int flags) {
    return UniqueFd(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags));
}

/// The target of the link `latest` in a directory of runs; empty unless it is one plain name.
std::string latest_run(int directory) {
    std::array<char, longest_name + 2> target{};
    const ssize_t size = ::readlinkat(directory, "latest", target.data(), target.size());
    std::string name = size < 0 ? "latest" : std::string(target.data(), static_cast<std::size_t>(size));
    return is_cell_directory(name) ? name : std::string();
}

Error unreadable(const fs::path& path, std::string_view why) {
    return usage_error(fmt::format("cannot read {}: {}", path.string(), why),
                       "pass the directory of a run, as `lktest run` wrote it");
}

std::string read_whole(const File& file, const fs::path& path, std::uintmax_t limit) {
    if (!file.problem.empty())
        throw unreadable(path, file.problem);
    if (file.size > limit)
        throw unreadable(path, fmt::format("it has {} MiB, but a run's file has at most {}", file.size >> 20,
                                           limit >> 20));
    std::string text(static_cast<std::size_t>(file.size), '\0');
    text.resize(read_at(file.fd.get(), 0, std::as_writable_bytes(std::span(text)), path));
    return text;
}

/// Copies at most `file.size` bytes: the file may grow meanwhile.
void copy_bytes(const File& file, const fs::path& from, const fs::path& to) {
    const UniqueFd out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    std::array<std::byte, 65536> chunk{};
    for (std::uintmax_t done = 0; out && done < file.size;) {
        const auto wanted =
            static_cast<std::size_t>(std::min<std::uintmax_t>(chunk.size(), file.size - done));
        const std::size_t count = read_at(file.fd.get(), done, std::span(chunk).first(wanted), from);
        if (count == 0)
            return;
        for (std::size_t written = 0; written < count;) {
            const ssize_t part = ::write(out.get(), chunk.data() + written, count - written);
            if (part < 0 && errno != EINTR)
                throw system_error(fmt::format("cannot write {}", to.string()), errno);
            written += static_cast<std::size_t>(std::max<ssize_t>(part, 0));
        }
        done += count;
    }
    if (!out)
        throw system_error(fmt::format("cannot write {}", to.string()), errno);
}

/// A second name for the file that was opened, even if its first name now belongs to another file.
bool link_to(const File& file, const fs::path& to) {
    const std::string opened = fmt::format("/proc/self/fd/{}", file.fd.get());
    return ::linkat(AT_FDCWD, opened.c_str(), AT_FDCWD, to.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

std::vector<std::string> names_in(UniqueFd directory) {
    std::vector<std::string> names;
    const Handle<DIR, ::closedir> entries(::fdopendir(directory.get()));
    if (!entries)
        return names;
    directory.release();
    while (const dirent* entry = ::readdir(entries.get()))
        if (const std::string name = entry->d_name; name != "." && name != "..")
            names.push_back(name);
    std::ranges::sort(names);
    return names;
}

}  // namespace

bool is_cell_directory(const std::string& name) {
    constexpr std::array<std::string_view, 6> taken{"", ".", "..", "matrix.json", "junit.xml", "index.html"};
    return name.size() <= longest_name && name.find('/') == std::string::npos &&
           std::ranges::find(taken, name) == taken.end();
}

MatrixFile read_matrix(const fs::path& path, const FileLimits& limits) {
    UniqueFd directory = open_directory_in(AT_FDCWD, path, 0);
    if (!directory)
        return {path, read_whole(open_regular(AT_FDCWD, path, 0), path, limits.matrix)};
    fs::path file = path / "matrix.json";
    struct stat facts {};
    if (::fstatat(directory.get(), "matrix.json", &facts, AT_SYMLINK_NOFOLLOW) < 0) {
        const std::string latest = latest_run(directory.get());
        directory = latest.empty() ? UniqueFd() : open_directory_in(directory.get(), latest, O_NOFOLLOW);
        file = path / "latest/matrix.json";
        if (!directory || ::fstatat(directory.get(), "matrix.json", &facts, AT_SYMLINK_NOFOLLOW) < 0)
            throw usage_error(fmt::format("{} is not a run: it has no matrix.json", path.string()),
                              "pass the directory of a run, as `lktest run` wrote it");
    }
    return {file, read_whole(open_regular(directory.get(), "matrix.json", O_NOFOLLOW), file, limits.matrix)};
}

std::vector<std::string> copy_cell(const fs::path& run, const std::string& cell, const fs::path& to,
                                   const FileLimits& limits) {
    std::vector<std::string> left_out;
    const UniqueFd whole = open_directory_in(AT_FDCWD, run, 0);
    if (!whole || !is_cell_directory(cell))
        return left_out;
    const UniqueFd directory = open_directory_in(whole.get(), cell, O_NOFOLLOW);
    if (!directory) {
        if (errno != ENOENT)
            left_out.push_back(fmt::format("{}: it is not a directory", (run / cell).string()));
        return left_out;
    }
    make_directories(to);
    std::uintmax_t bytes = 0;
    std::size_t count = 0;
    for (const std::string& name : names_in(open_directory_in(directory.get(), ".", 0))) {
        const fs::path from = run / cell / name;
        File file = open_regular(directory.get(), name, O_NOFOLLOW);
        if (file.is_directory)  // from a repeated boot
            continue;
        if (file.problem.empty() && file.size > limits.file)
            file.problem = fmt::format("it is larger than {} MiB", limits.file >> 20);
        else if (file.problem.empty() && (bytes + file.size > limits.cell || count == limits.files))
            file.problem =
                fmt::format("the cell has more than {} MiB or {} files", limits.cell >> 20, limits.files);
        if (!file.problem.empty()) {
            left_out.push_back(fmt::format("{}: {}", from.string(), file.problem));
            continue;
        }
        bytes += file.size;
        ++count;
        if (!link_to(file, to / name))
            copy_bytes(file, from, to / name);
    }
    return left_out;
}

}  // namespace lktest::results
