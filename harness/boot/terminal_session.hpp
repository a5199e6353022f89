// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <utility>

#include "harness/boot/live_guest.hpp"

namespace lktest {

/// How a person left a guest.
enum class TerminalEnd {
    detached,   ///< it stays as it is
    destroyed,  ///< it is to end
};

/// A person at a terminal, in raw mode at the other end of a socket: what they type goes to a guest's serial
/// console, and what that says comes back. Ctrl-] leads to a prompt: pause, continue, diagnose, gdb, QEMU's
/// monitor; twice, it goes to the guest.
class TerminalSession {
public:
    using Socket = boost::asio::local::stream_protocol::socket;

    /// @param may_end  whether the person may end the guest; not one whose cell is judged
    TerminalSession(std::shared_ptr<Socket> terminal, std::shared_ptr<LiveGuest> guest, bool may_end);
    ~TerminalSession();

    /// Until the person leaves or the terminal closes. A guest that is to end has ended then.
    boost::asio::awaitable<TerminalEnd> attend();

    /// Says something above the prompt, which opens.
    void announce(std::string_view text);
    /// Says something in between.
    void mention(std::string_view text);

private:
    class Output;
    class Person;
    std::shared_ptr<Socket> terminal_;
    std::shared_ptr<LiveGuest> guest_;
    std::shared_ptr<Output> output_;
    std::unique_ptr<Person> person_;
};

}  // namespace lktest
