// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace lktest {

/// A file that a guest fills, up to a limit. When it is reached, the last line says so.
class BoundedFile {
public:
    static constexpr std::uint64_t usual_limit = 16 << 20;

    /// Replaces the file. Throws a host Error if it cannot be created.
    explicit BoundedFile(const std::filesystem::path& path, std::uint64_t limit = usual_limit);

    /// Writes and flushes, so that a reader of the file sees everything so far.
    void write(std::string_view bytes);

private:
    std::ofstream file_;
    const std::uint64_t limit_;
    std::uint64_t written_ = 0;
};

}  // namespace lktest
