// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "builder/base/error.hpp"
#include "builder/base/handle.hpp"

// Parsers of untrusted bytes run in a separate process: this program, executed again, so that none of the
// caller's threads and locks are in it. It has only the descriptors that it is passed. If root starts it, it
// drops root's rights and all capabilities. seccomp prevents it from opening files, sockets and programs. A
// parser that crashes or exceeds a limit costs only its answer.
namespace lktest {

struct ConfinedLimits {
    std::uint64_t memory = std::uint64_t{1}
                           << 30;        ///< bytes of address space, in addition to the program's own
    std::chrono::seconds cpu{120};       ///< processor time, which does not depend on the host's load
    std::chrono::seconds deadline{600};  ///< limit for a disk that does not respond
};

/// A task for such a process.
struct ConfinedJob {
    std::string_view name;
    /// Its input begins with the number of descriptors, which are 4, 5, …. It may throw.
    std::string (*work)(std::span<const int> files, std::string_view input);
};

/// The job did not answer: it was stopped at a limit, or it crashed. The text says which: "it needs more than
/// 1024 MiB of memory".
class ConfinedFailure : public Error {
public:
    explicit ConfinedFailure(const std::string& why, std::string hint = {})
        : Error(Kind::usage, why, std::move(hint)) {}
};

/// Runs the job of this name, and waits for its answer. Throws the job's Error, or a
/// ConfinedFailure.
/// @param files  descriptors for the job
std::string run_confined(std::string_view job, std::span<const int> files, std::string_view input,
                         const ConfinedLimits& limits = {});

/// For main(): the exit status if this process was started to run one of these jobs.
std::optional<int> serve_confined(int argc, char** argv, std::span<const ConfinedJob> jobs);

}  // namespace lktest
