// SPDX-License-Identifier: MIT
#include "harness/report/store.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "builder/base/beneath.hpp"
#include "builder/base/file.hpp"
#include "builder/base/handle.hpp"
#include "builder/base/host_limits.hpp"
#include "harness/report/json.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

/// The hint if a file in a run's directory cannot be written.
std::string hint_for_output(int error) {
    return error == ENOSPC || error == EDQUOT ? "free some space, or choose another --output"
                                              : hint_for_writing(error);
}

/// Points `link` at `target` atomically, unless another file has that name.
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
    // Errors do not matter: everything works without the link, and two runs may race for it.
}

Error no_output(const fs::path& base, std::string_view why) {
    return usage_error(fmt::format("cannot write to the output directory {}: {}", base.string(), why),
                       "choose another --output");
}

/// Makes a new directory; false if the name is taken.
bool make_new(const fs::path& path) {
    if (::mkdir(path.c_str(), 0777) == 0)
        return true;
    if (errno == EEXIST)
        return false;
    throw no_output(path.parent_path(), std::generic_category().message(errno));
}

}  // namespace

void make_output(const fs::path& base) {
    std::error_code error;
    fs::create_directories(base, error);
    if (!fs::is_directory(base))
        throw no_output(base, fs::exists(base) ? "it is not a directory" : error.message());
    if (::access(base.c_str(), W_OK) < 0)
        throw no_output(base, std::generic_category().message(errno));
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
    const HeldDirectory directory(path.parent_path());
    const UniqueFd fd(::openat(directory.fd(), "events.jsonl",
                               O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644));
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
    const int reason =
        written < 0 ? errno : ENOSPC;  // a short write to a regular file means that the disk is full
    [[maybe_unused]] const int cut = ::ftruncate(fd.get(), before);
    throw system_error(fmt::format("cannot write {}", path.string()), reason, hint_for_output(reason));
}

void RunDirectory::write(const results::Run& run) const {
    for (const Renderer& row : renderers())
        if (!row.file.empty() && row.format != "html")
            write_file(path_ / row.file, row.render(run, {}));
}

void RunDirectory::write_page(const results::Run& run, const Rendering& with) const {
    const Renderer& page = renderer("html");
    write_file(path_ / page.file, page.render(run, with));
}

}  // namespace lktest
