// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "builder/base/handle.hpp"
#include "builder/base/json_text.hpp"

namespace lktest {

/// A conversation with a run in progress; see Control.
class ControlClient {
public:
    /// @param run  the run's directory, or the directory of all runs to use the last one
    /// Throws a usage Error if no run is in progress there.
    explicit ControlClient(const std::filesystem::path& run);

    /// Sends a question and waits for the answer. Throws an Error if the run answers with one.
    Json ask(const Json& question);

    /// The socket, to read whatever follows an answer.
    int socket() const noexcept { return socket_.get(); }

private:
    UniqueFd socket_;
};

}  // namespace lktest
