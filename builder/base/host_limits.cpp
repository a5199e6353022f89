// SPDX-License-Identifier: MIT
#include "builder/base/host_limits.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "builder/base/error.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

/// The number after a word, in a file of lines "word number".
std::optional<std::uint64_t> number_after(const fs::path& path, std::string_view wanted) {
    std::ifstream file(path);
    std::string word;
    for (std::uint64_t number = 0; file >> word >> number;)
        if (word == wanted)
            return number;
    return std::nullopt;
}

/// The control group of a hierarchy: of version 2 if `controller` is empty.
std::optional<fs::path> group_of(const fs::path& root, std::string_view controller) {
    std::ifstream file(root / "proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {  // "4:memory:/path", "0::/path"
        const std::size_t first = line.find(':'), second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos)
            continue;
        std::istringstream controllers(line.substr(first + 1, second - first - 1));
        bool found = controller.empty() && second == first + 1;
        for (std::string one; std::getline(controllers, one, ',');)
            found = found || one == controller;
        if (found)
            return fs::path(line.substr(second + 1)).relative_path();
    }
    return std::nullopt;
}

/// In a container the path may be the host's, and the group is the mount's root.
std::optional<std::uint64_t> kills_of_group(const fs::path& mount, fs::path group, const char* file) {
    for (;; group = group.parent_path()) {
        if (const auto kills = number_after(mount / group / file, "oom_kill"))
            return kills;
        if (group.empty())
            return std::nullopt;
    }
}

struct Hierarchy {
    std::string_view controller;
    const char *mount, *file;
};
constexpr std::array hierarchies{
    Hierarchy{"memory", "sys/fs/cgroup/memory", "memory.oom_control"},
    Hierarchy{"", "sys/fs/cgroup", "memory.events"},
    Hierarchy{"", "sys/fs/cgroup/unified", "memory.events"},
};

}  // namespace

std::string hint_for_writing(int error) {
    switch (error) {
        case ENOSPC: return "free some space on that file system";
        case EDQUOT: return "free some space: the quota of this user is used up";
        case EFBIG: return "raise the limit of the size of files (ulimit -f)";
        case EROFS: return "use a file system that can be written to; XDG_CACHE_HOME moves the cache";
        case EMFILE: return "raise the limit of open files (ulimit -n)";
        case ENFILE: return "raise the system's limit of open files (sysctl fs.file-max)";
        default: return "";
    }
}

std::string hint_for_message(std::string_view message, std::string hint) {
    constexpr std::string_view own_words = "free some space";
    if (hint.starts_with(own_words))
        return hint;
    for (const int error : {ENOSPC, EDQUOT, EFBIG, EROFS, EMFILE, ENFILE})
        if (message.find(std::generic_category().message(error)) != std::string_view::npos)
            return hint_for_writing(error);
    if (message.find("could not load PC BIOS") != std::string_view::npos)
        return "install it: apt install seabios";
    return hint;
}

void require_file_size(std::uint64_t bytes, std::string_view what) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur >= bytes)
        return;
    throw host_error(fmt::format("{} needs {} MiB, but a file may have at most {} KiB here", what,
                                 bytes >> 20, limit.rlim_cur >> 10),
                     hint_for_writing(EFBIG));
}

std::string signal_in_words(int signal) {
    const char* description = ::sigdescr_np(signal);
    return fmt::format("signal {} ({})", signal, description ? description : "unknown");
}

OomCounter::OomCounter(fs::path root) : root_(std::move(root)), before_(count()) {}

bool OomCounter::killed_any() const {
    const auto now = count();
    return now && before_ && *now > *before_;
}

std::optional<std::uint64_t> OomCounter::count() const {
    for (const Hierarchy& hierarchy : hierarchies)
        if (const auto group = group_of(root_, hierarchy.controller))
            if (const auto kills = kills_of_group(root_ / hierarchy.mount, *group, hierarchy.file))
                return kills;
    return number_after(root_ / "proc/vmstat", "oom_kill");
}

std::string killed_by(int signal, const OomCounter& oom) {
    return fmt::format("was killed by {}{}", signal_in_words(signal),
                       signal == SIGKILL && oom.killed_any() ? ": out of memory" : "");
}

std::string hint_for_killed(int signal, const OomCounter& oom) {
    if (signal == SIGXFSZ)
        return "raise the limit of the size of files (ulimit -f)";
    if (signal == SIGXCPU)
        return "raise the limit of CPU time (ulimit -t)";
    return signal == SIGKILL && oom.killed_any() ? "lower --jobs, or raise the memory limit" : "";
}

}  // namespace lktest
