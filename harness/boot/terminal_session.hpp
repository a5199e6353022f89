// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "harness/boot/live_guest.hpp"

namespace lktest {

/// A command of the prompt, for its help and the man pages.
struct PromptCommand {
    std::string_view command, meaning;  ///< "pause, p", "pause it"
};
std::span<const PromptCommand> prompt_commands();

/// How the user left a guest.
enum class TerminalEnd {
    detached,   ///< it stays as it is
    destroyed,  ///< it is to be ended
};

/// Connects a user at a raw-mode terminal, at the other end of a socket, to a guest's serial console. Ctrl-]
/// opens a prompt with commands: pause, continue, diagnose, gdb, QEMU's monitor. A second Ctrl-] goes to the
/// guest.
class TerminalSession {
public:
    using Socket = boost::asio::local::stream_protocol::socket;

    /// @param may_end  whether the user may end the guest; false while its cell is judged
    TerminalSession(std::shared_ptr<Socket> terminal, std::shared_ptr<LiveGuest> guest, bool may_end);
    ~TerminalSession();

    /// Runs until the user leaves or the terminal closes. A guest that is to end has then ended.
    boost::asio::awaitable<TerminalEnd> attend();

    /// Prints something above the prompt, and opens it.
    void announce(std::string_view text);
    /// Prints something in between.
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
