// SPDX-License-Identifier: MIT
#include "builder/base/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <random>

#include "builder/base/error.hpp"
#include "builder/base/host_limits.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view temp_prefix = "lktest-dir-", part_mark = ".part-";

/// The directory's lock; unset if another process has it, or if the directory does not exist.
UniqueFd lock(const fs::path& directory) {
    UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 ? std::move(fd) : UniqueFd();
}

/// "cannot write FILE: …", and the remedy.
Error cannot_write(const fs::path& path, int error) {
    return system_error(fmt::format("cannot write {}", path.string()), error, hint_for_writing(error));
}

}  // namespace

std::size_t read_at(int fd, std::uint64_t offset, std::span<std::byte> into, const fs::path& path) {
    std::size_t filled = 0;
    while (filled < into.size()) {
        const ssize_t count =
            ::pread(fd, into.data() + filled, into.size() - filled, static_cast<off_t>(offset + filled));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            throw system_error(fmt::format("cannot read {}", path.string()), errno);
        if (count == 0)
            break;
        filled += static_cast<std::size_t>(count);
    }
    return filled;
}

Error became_shorter(const fs::path& path) {
    return host_error(fmt::format("{} became shorter while it was read", path.string()),
                      "make sure that no program writes to it, and build again");
}

std::string read_file(const fs::path& path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored))
        throw usage_error(fmt::format("cannot read {}: it is a directory", path.string()));
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
        throw usage_error(
            fmt::format("cannot read {}: {}", path.string(), std::generic_category().message(errno)));
    std::string content;
    char chunk[65536];
    for (;;) {
        const ssize_t count = ::read(fd.get(), chunk, sizeof chunk);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            throw usage_error(
                fmt::format("cannot read {}: {}", path.string(), std::generic_category().message(errno)));
        if (count == 0)
            return content;
        content.append(chunk, static_cast<std::size_t>(count));
    }
}

void write_file(const fs::path& path, std::string_view content) {
    AtomicFile file(path);
    {
        const UniqueFd fd(::open(file.temporary().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
        if (!fd)
            throw cannot_write(path, errno);
        while (!content.empty()) {
            const ssize_t count = ::write(fd.get(), content.data(), content.size());
            if (count < 0 && errno == EINTR)
                continue;
            if (count < 0)
                throw cannot_write(path, errno);
            content.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    file.commit();
}

void make_directories(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error)
        throw system_error(fmt::format("cannot make the directory {}", path.string()), error.value());
}

TempDir::TempDir(const fs::path& parent) {
    for (;;) {
        std::string pattern = parent / (std::string(temp_prefix) + "XXXXXX");
        if (!::mkdtemp(pattern.data()))
            throw system_error(fmt::format("cannot make a temporary directory in {}", parent.string()),
                               errno);
        lock_ = lock(pattern);
        struct stat status {};
        // Between the two steps, another process may have removed it as abandoned.
        if (lock_ && ::fstat(lock_.get(), &status) == 0 && status.st_nlink > 0) {
            path_ = pattern;
            return;
        }
    }
}

TempDir::TempDir(TempDir&& other) noexcept
    : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}

TempDir::~TempDir() {
    std::error_code ignored;
    if (!path_.empty())
        fs::remove_all(path_, ignored);
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
    temporary_ = path_;
    // Random, because two threads may write the same file of a cache.
    temporary_ += fmt::format("{}{}-{:08x}", part_mark, ::getpid(), std::random_device{}());
}

AtomicFile::~AtomicFile() {
    std::error_code ignored;
    if (!committed_)
        fs::remove_all(temporary_, ignored);
}

void AtomicFile::commit() {
    std::error_code error;
    fs::rename(temporary_, path_, error);
    if (error == std::errc::directory_not_empty)
        return;  // another process was quicker to make this directory
    if (error)
        throw cannot_write(path_, error.value());
    committed_ = true;
}

void remove_dead(const fs::path& directory, const std::string& of) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, ignored)) {
        const std::string name = entry.path().filename();
        if (of.empty() && name.starts_with(temp_prefix)) {
            if (const UniqueFd held = lock(entry.path()))
                fs::remove_all(entry.path(), ignored);
            continue;
        }
        const std::size_t mark = name.rfind(part_mark);
        if (mark == std::string::npos || !(of.empty() || name.substr(0, mark) == of))
            continue;
        const std::string rest = name.substr(mark + part_mark.size());
        if (!fs::exists("/proc/" + rest.substr(0, rest.find('-')), ignored))
            fs::remove_all(entry.path(), ignored);
    }
}

std::shared_ptr<const MappedFile> MappedFile::open(const fs::path& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) < 0)
        throw usage_error(
            fmt::format("cannot read {}: {}", path.string(), std::generic_category().message(errno)));
    if (S_ISDIR(status.st_mode))
        throw usage_error(fmt::format("{} is a directory", path.string()), "give a file");
    const auto size = static_cast<std::size_t>(status.st_size);
    void* data = nullptr;
    if (size > 0) {
        data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
        if (data == MAP_FAILED)
            throw system_error(fmt::format("cannot map {}", path.string()), errno);
    }
    return std::shared_ptr<const MappedFile>(
        new MappedFile(path, std::move(fd), static_cast<const std::byte*>(data), size));
}

void MappedFile::read(std::uint64_t offset, std::span<std::byte> into) const {
    if (read_at(fd_.get(), offset, into, path_) < into.size())
        throw became_shorter(path_);
}

MappedFile::~MappedFile() {
    if (data_)
        ::munmap(const_cast<std::byte*>(data_), size_);
}

fs::path data_file(const fs::path& relative) {
    const fs::path directory = fs::read_symlink("/proc/self/exe").parent_path();
    for (const fs::path& root : {directory / "../share/lktest", directory / "../.."})
        if (fs::exists(root / relative))
            return fs::canonical(root / relative);
    throw host_error(fmt::format("lktest's own file {} is missing", relative.string()),
                     "install lktest with `cmake --install`, or run it from its build tree");
}

fs::path cache_directory() {
    if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache)
        return fs::path(cache) / "lktest";
    if (const char* home = std::getenv("HOME"); home && *home)
        return fs::path(home) / ".cache/lktest";
    return "/var/cache/lktest";
}

}  // namespace lktest
