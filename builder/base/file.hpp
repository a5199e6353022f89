// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "builder/base/error.hpp"
#include "builder/base/handle.hpp"

namespace lktest {

/// Fills `into` from an offset in a file, up to the file's end. Returns the number of bytes. Throws a host
/// Error naming `path` if they cannot be read.
std::size_t read_at(int fd, std::uint64_t offset, std::span<std::byte> into,
                    const std::filesystem::path& path);

/// The error for a file whose bytes have disappeared.
Error became_shorter(const std::filesystem::path& path);

/// Reads a whole file. Throws a usage Error naming the path if it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Writes a file through a temporary file and a rename: `path` has either the old content or the whole new
/// one. Throws a host Error.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Makes the directory and its parents. Throws a host Error naming the path.
void make_directories(const std::filesystem::path& path);

/// A private directory under `parent`, removed with its content by the destructor. Its owner
/// holds a lock on it (flock(2)), which ends with the process: see remove_dead().
class TempDir {
public:
    explicit TempDir(const std::filesystem::path& parent = std::filesystem::temp_directory_path());
    TempDir(TempDir&& other) noexcept;
    TempDir& operator=(TempDir&&) = delete;
    ~TempDir();

    const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
    UniqueFd lock_;
};

/// A name for a file or directory that is being written: `path` with a temporary suffix.
/// commit() renames it to `path`, unless `path` is a directory with content.
/// Without commit() it is removed.
class AtomicFile {
public:
    explicit AtomicFile(std::filesystem::path path);
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    ~AtomicFile();

    const std::filesystem::path& temporary() const noexcept { return temporary_; }
    void commit();

private:
    std::filesystem::path path_, temporary_;
    bool committed_ = false;
};

/// Removes the leftovers of killed processes directly in `directory`: TempDirs without a lock, and
/// unfinished AtomicFiles.
/// @param of  only unfinished files of this name; if empty, those of any name, and TempDirs
void remove_dead(const std::filesystem::path& directory, const std::string& of = {});

/// A file mapped read-only and shared. Empty files map to an empty span.
class MappedFile {
public:
    static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

    /// Copies bytes from `offset` on without touching the mapping. So they do not use this process's memory,
    /// and a file that is truncated meanwhile does not crash the program. Throws a host Error.
    void read(std::uint64_t offset, std::span<std::byte> into) const;

private:
    MappedFile(std::filesystem::path path, UniqueFd fd, const std::byte* data, std::size_t size)
        : path_(std::move(path)), fd_(std::move(fd)), data_(data), size_(size) {}
    std::filesystem::path path_;
    UniqueFd fd_;
    const std::byte* data_;
    std::size_t size_;
};

/// The path of this program's own data (scenarios/, builder/recipes/, …): next to
/// the executable in a build tree, or in ../share/lktest in an installation.
/// @param relative  "scenarios/boot.toml"
std::filesystem::path data_file(const std::filesystem::path& relative);

/// $XDG_CACHE_HOME/lktest, or ~/.cache/lktest.
std::filesystem::path cache_directory();

}  // namespace lktest
