// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <memory>

#include "harness/boot/live_guests.hpp"

namespace lktest {

/// The socket in a run's directory at which other programs of the same user ask about its guests:
///
///     ask     one line of JSON: {"do": "diagnose", "cell": NAME, "into": DIR}
///     answer  one line of JSON: {"diagnosis": {…}, "core": COMMAND}, or {"error": …, "hint": …}
///
/// "diagnose" accepts "into", a directory for the findings, and "core", a file for the guest's memory; either
/// may be null. COMMAND opens the core. After "attach" and its answer {}, the socket carries the bytes of a
/// terminal, see attend_terminal(). NAME is a cell's name, or a part of it that is unique among the run's
/// guests. A line may have 64 KiB. A client that sends a longer line, sends nothing for a while, or does not
/// read its answer is disconnected.
class Control {
public:
    /// @param directory  of the run. If the socket cannot be created, the run continues without it.
    /// @param patience   for the question, and for the client to read the answer
    Control(boost::asio::io_context& io, const std::filesystem::path& directory, LiveGuests& guests,
            std::chrono::milliseconds patience = std::chrono::seconds(10));
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;
    /// Removes the socket from the directory. Requests in progress may continue until the io_context ends.
    ~Control();

private:
    struct Server;
    std::shared_ptr<Server> server_;
};

/// The socket's name in the run's directory.
inline constexpr const char* control_name = "control";

}  // namespace lktest
