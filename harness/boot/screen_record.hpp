// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace lktest {

/// Writes what a terminal shows: at each change the rows that are new, with the time, as console.log has
/// lines. The file is made when the terminal first shows something.
class ScreenRecord {
public:
    static constexpr std::uint64_t limit = 4 << 20;  ///< bytes; a guest can repaint for ever

    explicit ScreenRecord(std::filesystem::path file) : path_(std::move(file)) {}

    /// False if the disk took no more.
    bool write(const std::vector<std::string>& rows, std::chrono::microseconds at);

private:
    std::filesystem::path path_;
    std::ofstream file_;
    std::vector<std::string> shown_;
    std::uint64_t written_ = 0;
};

}  // namespace lktest
