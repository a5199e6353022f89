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

/// Writes what a console said: console.raw, every byte, and console.log, the lines with their
/// times. A guest that floods its console gets no more of the disk than `limit`.
class ConsoleRecord {
public:
    static constexpr std::uint64_t limit = 64 << 20;  ///< bytes of the guest's, in console.raw

    /// Throws a host Error when the files cannot be made.
    explicit ConsoleRecord(const std::filesystem::path& directory);
    ConsoleRecord(const ConsoleRecord&) = delete;
    ConsoleRecord& operator=(const ConsoleRecord&) = delete;
    ~ConsoleRecord();

    /// @return false when the disk took no more: full, or gone
    bool write(std::string_view bytes, std::chrono::microseconds at);

private:
    std::ofstream raw_, log_;
    TimedLog lines_;
    std::uint64_t written_ = 0;
};

}  // namespace lktest
