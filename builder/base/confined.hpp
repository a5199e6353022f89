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

// Parsers of untrusted bytes run in a process of their own: this program, executed again, so that no thread
// and no lock of the caller is in it. It has the descriptors that it is given and nothing else: no user's
// rights when root starts it, no capability, and by seccomp no way to open a file, a socket or a program.
// What a parser breaks, or cannot bound, costs one answer.
namespace lktest {

struct ConfinedLimits {
    std::uint64_t memory = std::uint64_t{1} << 30;  ///< address space beside the program's own, bytes
    std::chrono::seconds cpu{120};                  ///< processor time, which a busy host does not use up
    std::chrono::seconds deadline{600};             ///< for a disk that does not answer
};

/// Something that is done in such a process.
struct ConfinedJob {
    std::string_view name;
    /// Its input begins with the number of descriptors, which are 4, 5, …; it may throw.
    std::string (*work)(std::span<const int> files, std::string_view input);
};

/// The job gave no answer: it was stopped at a limit, or it crashed. The text says which: "it needs more than
/// 1024 MiB of memory".
class ConfinedFailure : public Error {
public:
    explicit ConfinedFailure(const std::string& why, std::string hint = {})
        : Error(Kind::usage, why, std::move(hint)) {}
};

/// Does a job of this name, and waits for its answer. Throws the Error that the job throws, or a
/// ConfinedFailure.
/// @param files  that the job has
std::string run_confined(std::string_view job, std::span<const int> files, std::string_view input,
                         const ConfinedLimits& limits = {});

/// For main(): the exit status if this process was started to do one of these jobs.
std::optional<int> serve_confined(int argc, char** argv, std::span<const ConfinedJob> jobs);

}  // namespace lktest
