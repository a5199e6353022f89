// SPDX-License-Identifier: MIT
#include "builder/base/beneath.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "builder/base/error.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

// Otherwise opening a pipe without a writer would block.
constexpr int for_reading = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

UniqueFd only_regular(UniqueFd fd) {
    struct stat facts {};
    if (!fd || ::fstat(fd.get(), &facts) < 0 || !S_ISREG(facts.st_mode))
        return {};
    return fd;
}

bool is_below(const fs::path& relative) {
    return !relative.empty() && !relative.is_absolute() && relative.native().find('\0') == std::string::npos;
}

/// @return the descriptor, or a negative errno
int openat2_beneath(int directory, const fs::path& relative) {
    open_how how{};
    how.flags = static_cast<decltype(how.flags)>(for_reading);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    // The kernel asks for a retry if a parent directory was renamed meanwhile.
    for (int tries = 0; tries < 16; ++tries) {
        const long fd = ::syscall(SYS_openat2, directory, relative.c_str(), &how, sizeof how);
        if (fd >= 0)
            return static_cast<int>(fd);
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
    }
    return -EAGAIN;
}

}  // namespace

UniqueFd open_directory(const fs::path& path) {
    UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd)
        throw usage_error(fmt::format("cannot open the directory {}: {}", path.string(),
                                      std::generic_category().message(errno)));
    return fd;
}

HeldDirectory::HeldDirectory(fs::path name)
    : name_(std::move(name)), fd_(::open(name_.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) {
    if (!fd_)
        throw system_error(fmt::format("cannot open the directory {}", name_.string()), errno,
                           errno == ENOTDIR || errno == ELOOP ? "it was replaced by something else" : "");
    // With the number of this process instead of "self", because programs that it starts use the path too.
    path_ = fmt::format("/proc/{}/fd/{}", ::getpid(), fd_.get());
}

std::string HeldDirectory::with_name(std::string message) const {
    const std::string shown = name_.string();
    for (std::size_t at = message.find(path_.native()); at != message.npos;
         at = message.find(path_.native(), at + shown.size()))
        message.replace(at, path_.native().size(), shown);
    return message;
}

UniqueFd open_beneath(int directory, const fs::path& relative) {
    if (!is_below(relative))
        return {};
    const int fd = openat2_beneath(directory, relative);
    if (fd >= 0)
        return only_regular(UniqueFd(fd));
    // Container filters return the second for unknown calls.
    return fd == -ENOSYS || fd == -EPERM ? open_beneath_without_links(directory, relative) : UniqueFd();
}

UniqueFd open_beneath_without_links(int directory, const fs::path& relative) {
    if (!is_below(relative))
        return {};
    UniqueFd above;
    for (auto part = relative.begin(); part != relative.end(); ++part) {
        if (*part == "..")
            return {};
        const bool last = std::next(part) == relative.end();
        const int flags = last ? for_reading : O_PATH | O_DIRECTORY | O_CLOEXEC;
        UniqueFd next(::openat(above ? above.get() : directory, part->empty() ? "." : part->c_str(),
                               flags | O_NOFOLLOW));
        if (!next)
            return {};
        above = std::move(next);
    }
    return only_regular(std::move(above));
}

}  // namespace lktest
