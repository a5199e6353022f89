// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "harness/console/transcript.hpp"

namespace lktest {

/// Writes a console's output to console.raw (every byte) and console.log (lines with their times). The limit
/// of each keeps a guest from filling the disk.
class ConsoleRecord {
public:
    static constexpr std::uint64_t usual_limit = 64 << 20;

    /// @param limit  bytes of console.raw, and of console.log, which is longer because of times and escapes
    /// Throws a host Error if the files cannot be created.
    explicit ConsoleRecord(const std::filesystem::path& directory, std::uint64_t limit = usual_limit);
    ConsoleRecord(const ConsoleRecord&) = delete;
    ConsoleRecord& operator=(const ConsoleRecord&) = delete;
    ~ConsoleRecord();

    /// @return false if the disk is full or gone
    bool write(std::string_view bytes, std::chrono::microseconds at);

    /// Whether one of the files has reached its limit.
    bool full() const noexcept { return written_ >= limit_ || logged_ >= limit_; }

private:
    void log(std::string_view text);

    std::ofstream raw_, log_;
    TimedLog lines_;
    const std::uint64_t limit_;
    std::uint64_t written_ = 0, logged_ = 0;
};

}  // namespace lktest
