// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "builder/base/file.hpp"
#include "builder/base/handle.hpp"

namespace lktest {

/// A file that only its owner can read, because it holds all of a guest's memory. Blocks of zeros are not
/// stored. It has its name only after commit().
class SparseFile {
public:
    explicit SparseFile(const std::filesystem::path& path);

    void write(std::uint64_t at, std::span<const std::byte> bytes);
    void commit(std::uint64_t size);

private:
    void store(std::uint64_t at, std::span<const std::byte> bytes);
    [[noreturn]] void fail() const;

    std::filesystem::path path_;
    AtomicFile whole_;
    UniqueFd fd_;
};

}  // namespace lktest
