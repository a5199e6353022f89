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
/// "diagnose" (with "into", a directory for the findings, and "core", a file for the guest's memory, or
/// null; COMMAND opens it); "attach": what follows the answer {} on the socket are the bytes of a terminal,
/// see attend_terminal(). A name is a cell's, whole, or a part of it that no other guest of the run has. A
/// line has 64 KiB at most. Who sends a longer one, or none for a while, or does not take its answer, is hung
/// up on.
class Control {
public:
    /// @param directory  of the run. Where no socket can be made nobody can ask, and that is no fault.
    /// @param patience   for the question, and for the answer to be taken
    Control(boost::asio::io_context& io, const std::filesystem::path& directory, LiveGuests& guests,
            std::chrono::milliseconds patience = std::chrono::seconds(10));
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;
    /// Takes the socket out of the directory. What has begun may go on until the io_context ends.
    ~Control();

private:
    struct Server;
    std::shared_ptr<Server> server_;
};

/// The socket's name in the run's directory.
inline constexpr const char* control_name = "control";

}  // namespace lktest
