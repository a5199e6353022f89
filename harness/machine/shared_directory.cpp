// SPDX-License-Identifier: MIT
#include "harness/machine/shared_directory.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "builder/base/error.hpp"
#include "builder/base/pipe.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

fs::path usual_parent() {
    return ::access("/run", W_OK) == 0 ? fs::path("/run") : fs::temp_directory_path();
}

fs::path make_directory(const fs::path& parent) {
    std::string pattern = parent / "lktest-XXXXXX";
    if (!::mkdtemp(pattern.data()))
        throw system_error(fmt::format("cannot create a directory in {}", parent.string()), errno);
    ::chmod(pattern.c_str(), 0711);  // the daemon's QEMU runs as another user
    return pattern;
}

/// The child process. It survives Ctrl-C, which goes to the whole process group. It is a shell, so that
/// `pkill -9 lktest` does not kill it.
[[noreturn]] void remove_at_end_of(const Pipe& pipe, const fs::path& path) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        ::signal(signal, SIG_IGN);
    ::dup2(pipe.read.get(), STDIN_FILENO);
    ::execl("/bin/sh", "sh", "-c", "read -r line; exec rm -rf -- \"$1\"", "sh", path.c_str(), nullptr);
    ::_exit(1);
}

}  // namespace

SharedDirectory::SharedDirectory(const fs::path& parent)
    : path_(make_directory(parent.empty() ? usual_parent() : parent)) {
    Pipe pipe = make_pipe();
    child_ = ::fork();
    if (child_ < 0) {
        const int reason = errno;
        std::error_code ignored;
        fs::remove_all(path_, ignored);
        throw system_error("cannot start a process", reason);
    }
    if (child_ == 0) {
        remove_at_end_of(pipe, path_);
    }
    alive_ = std::move(pipe.write);
}

SharedDirectory::~SharedDirectory() {
    alive_.reset();
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace lktest
