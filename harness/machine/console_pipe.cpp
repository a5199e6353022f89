// SPDX-License-Identifier: MIT
#include "harness/machine/console_pipe.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "builder/base/error.hpp"

namespace lktest {
namespace {

UniqueFd make_fifo(const std::filesystem::path& path, int how) {
    if (::mkfifo(path.c_str(), 0600) < 0)
        throw system_error(fmt::format("cannot create the pipe {}", path.string()), errno);
    UniqueFd end(::open(path.c_str(), how | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
    if (!end)
        throw system_error(fmt::format("cannot open the pipe {}", path.string()), errno);
    return end;
}

}  // namespace

ConsolePipe ConsolePipe::make(const std::filesystem::path& path) {
    constexpr int room = 1 << 20;  // the limit for users, pipe(7); less also works
    // The first end is open for reading only, so it reports the guest's end. The second one is opened
    // read-write, which works before the guest exists.
    ConsolePipe pipe{.from_guest = make_fifo(path.string() + ".out", O_RDONLY),
                     .to_guest = make_fifo(path.string() + ".in", O_RDWR)};
    ::fcntl(pipe.from_guest.get(), F_SETPIPE_SZ, room);
    return pipe;
}

}  // namespace lktest
