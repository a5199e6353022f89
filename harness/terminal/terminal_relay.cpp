// SPDX-License-Identifier: MIT
#include "harness/terminal/terminal_relay.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "harness/terminal/guarded_output.hpp"

namespace lktest {
namespace {

/// Restores the terminal's mode at the end.
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

}  // namespace

void relay_terminal(int socket) {
    const RawMode raw(STDIN_FILENO);
    std::array<pollfd, 2> ends{pollfd{socket, POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
    std::array<char, 4096> chunk{};
    ConsoleOutput console;
    for (;;) {
        if (::poll(ends.data(), ends.size(), -1) < 0) {
            if (errno == EINTR)
                continue;
            return;
        }
        for (pollfd& from : ends) {
            if (from.revents == 0)
                continue;
            const ssize_t size = ::read(from.fd, chunk.data(), chunk.size());
            const std::string_view bytes(chunk.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
            if (!bytes.empty() && (from.fd == socket ? console.put(bytes) : write_all(socket, bytes)))
                continue;
            if (from.fd == socket)
                return;
            from.fd = -1;  // poll() ignores it
        }
    }
}

}  // namespace lktest
