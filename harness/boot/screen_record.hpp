// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace lktest {

/// Records a terminal: on each change it writes the new rows with the time, in the format of console.log. The
/// file is created when the terminal first shows something.
class ScreenRecord {
public:
    static constexpr std::uint64_t limit = 4 << 20;  ///< bytes; a guest can repaint forever

    explicit ScreenRecord(std::filesystem::path file) : path_(std::move(file)) {}

    /// Returns false if the disk is full.
    bool write(const std::vector<std::string>& rows, std::chrono::microseconds at);

private:
    std::filesystem::path path_;
    std::ofstream file_;
    std::vector<std::string> shown_;
    std::uint64_t written_ = 0;
};

}  // namespace lktest
