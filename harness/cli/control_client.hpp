// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "builder/base/handle.hpp"
#include "builder/base/json_text.hpp"

namespace lktest {

/// A conversation with a run that is going on, see Control.
class ControlClient {
public:
    /// @param run  its directory, or the directory of runs: then its last one
    /// Throws a usage Error when none is going on there.
    explicit ControlClient(const std::filesystem::path& run);

    /// Asks, and waits for the answer. Throws what the run answered as an Error.
    Json ask(const Json& question);

    /// The socket, for what follows an answer.
    int socket() const noexcept { return socket_.get(); }

private:
    UniqueFd socket_;
};

}  // namespace lktest
