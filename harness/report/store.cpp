// SPDX-License-Identifier: MIT
#include "harness/report/store.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "builder/base/file.hpp"
#include "builder/base/handle.hpp"
#include "harness/report/html.hpp"
#include "harness/report/json.hpp"
#include "harness/report/junit.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view full_disk_hint = "free some space, or give another --output";

/// Points `link` at `target` in one step, unless somebody else's file bears that name.
void replace_link(const fs::path& link, const fs::path& target) {
    std::error_code error;
    const fs::file_status status = fs::symlink_status(link, error);
    if (fs::exists(status) && !fs::is_symlink(status))
        return;
    const AtomicFile made(link);
    fs::remove(made.temporary(), error);
    fs::create_symlink(target, made.temporary(), error);
    if (!error)
        fs::rename(made.temporary(), link, error);
    // Without the link everything still works, and two runs may race for it.
}

Error no_output(const fs::path& base, std::string_view why) {
    return usage_error(fmt::format("cannot write to the output directory {}: {}", base.string(), why),
                       "give another --output");
}

/// Makes a directory that did not exist before; false when the name is taken.
bool make_new(const fs::path& path) {
    if (::mkdir(path.c_str(), 0777) == 0)
        return true;
    if (errno == EEXIST)
        return false;
    throw no_output(path.parent_path(), std::generic_category().message(errno));
}

void write_report(const fs::path& path, std::string_view text) {
    try {
        write_file(path, text);
    } catch (const Error& error) {
        throw host_error(error.what(), std::string(full_disk_hint));
    }
}

}  // namespace

void make_output(const fs::path& base) {
    std::error_code error;
    fs::create_directories(base, error);
    if (!fs::is_directory(base))
        throw no_output(base, fs::exists(base) ? "it is no directory" : error.message());
    if (::access(base.c_str(), W_OK) < 0)
        throw no_output(base, std::generic_category().message(errno));
}

void copy_cell(const fs::path& from, const fs::path& to) {
    if (!fs::is_directory(from))
        return;
    make_directories(to);
    for (const auto& entry : fs::directory_iterator(from)) {
        if (!entry.is_regular_file() || entry.is_symlink())
            continue;
        std::error_code error;
        fs::create_hard_link(entry.path(), to / entry.path().filename(), error);
        if (error)
            fs::copy_file(entry.path(), to / entry.path().filename(), error);
        if (error)
            throw system_error(fmt::format("cannot copy {}", entry.path().string()), error.value());
    }
}

RunDirectory RunDirectory::create(const fs::path& base, std::chrono::system_clock::time_point now) {
    make_output(base);
    const std::string stem =
        fmt::format("run-{:%Y%m%d-%H%M%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
    fs::path path = base / stem;
    for (int number = 2; !make_new(path); ++number)
        path = base / fmt::format("{}-{}", stem, number);
    replace_link(base / "latest", path.filename());
    return RunDirectory(std::move(path));
}

fs::path RunDirectory::cell_directory(const BootCell& cell) const {
    const fs::path directory = path_ / name(cell);
    make_directories(directory);
    return directory;
}

void RunDirectory::append_event(const BootCell& cell, const Event& event) const {
    const fs::path path = cell_directory(cell) / "events.jsonl";
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!fd)
        throw system_error(fmt::format("cannot write {}", path.string()), errno);
    const off_t before = ::lseek(fd.get(), 0, SEEK_END);
    const std::string line = json_line(event);
    ssize_t written = 0;
    do
        written = ::write(fd.get(), line.data(), line.size());
    while (written < 0 && errno == EINTR);
    if (written == static_cast<ssize_t>(line.size()))
        return;
    const int reason = written < 0 ? errno : ENOSPC;  // a regular file takes less only when the disk is full
    [[maybe_unused]] const int cut = ::ftruncate(fd.get(), before);
    throw system_error(fmt::format("cannot write {}", path.string()), reason, std::string(full_disk_hint));
}

void RunDirectory::write(const RunReport& report) const {
    write_report(path_ / "matrix.json", json_report(report));
    write_report(path_ / "junit.xml", junit_report(report));
}

void RunDirectory::write_page(const RunReport& report, std::span<const std::string> cells,
                              std::string_view usual) const {
    write_report(path_ / "index.html", html_page(json_report(report), cells, usual));
}

}  // namespace lktest
