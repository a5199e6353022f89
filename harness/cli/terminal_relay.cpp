// SPDX-License-Identifier: MIT
#include "harness/cli/terminal_relay.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace lktest {
namespace {

/// The terminal as it was before, in the end.
class RawMode {
public:
    explicit RawMode(int terminal) : terminal_(terminal) {
        if (::tcgetattr(terminal_, &before_) < 0)
            return;
        raw_ = true;
        termios mode = before_;
        ::cfmakeraw(&mode);
        ::tcsetattr(terminal_, TCSADRAIN, &mode);
    }
    RawMode(const RawMode&) = delete;
    RawMode& operator=(const RawMode&) = delete;
    ~RawMode() {
        if (raw_)
            ::tcsetattr(terminal_, TCSADRAIN, &before_);
    }

private:
    int terminal_;
    bool raw_ = false;
    termios before_{};
};

/// False when the reader has gone.
bool write_all(int file, const char* bytes, std::size_t size) {
    while (size > 0) {
        const ssize_t count = ::write(file, bytes, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        bytes += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

}  // namespace

void relay_terminal(int socket) {
    const RawMode raw(STDIN_FILENO);
    std::array<pollfd, 2> ends{pollfd{socket, POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
    std::array<char, 4096> chunk{};
    for (;;) {
        if (::poll(ends.data(), ends.size(), -1) < 0) {
            if (errno == EINTR)
                continue;
            return;
        }
        for (const auto& [from, to] : {std::pair{&ends[0], STDOUT_FILENO}, std::pair{&ends[1], socket}}) {
            if (from->revents == 0)
                continue;
            const ssize_t size = ::read(from->fd, chunk.data(), chunk.size());
            if (size > 0 && write_all(to, chunk.data(), static_cast<std::size_t>(size)))
                continue;
            if (from->fd == socket)
                return;
            from->fd = -1;  // which poll() passes over
        }
    }
}

}  // namespace lktest
