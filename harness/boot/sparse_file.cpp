// SPDX-License-Identifier: MIT
#include "harness/boot/sparse_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace lktest {
namespace {

constexpr std::uint64_t block_size = 4096;

bool is_all_zero(std::span<const std::byte> bytes) {
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte(); });
}

}  // namespace

SparseFile::SparseFile(const std::filesystem::path& path)
    : path_(path),
      whole_(path),
      fd_(::open(whole_.temporary().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
    if (!fd_)
        fail();
}

void SparseFile::write(std::uint64_t at, std::span<const std::byte> bytes) {
    std::span<const std::byte> full;  // a row of blocks that are not zero, written at once
    while (!bytes.empty()) {
        const auto size = static_cast<std::size_t>(
            std::min<std::uint64_t>(block_size - (at + full.size()) % block_size, bytes.size()));
        if (!is_all_zero(bytes.first(size))) {
            full = full.empty() ? bytes.first(size) : std::span(full.data(), full.size() + size);
        } else {
            store(at, full);
            at += full.size() + size;
            full = {};
        }
        bytes = bytes.subspan(size);
    }
    store(at, full);
}

void SparseFile::store(std::uint64_t at, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (count < 0)
            fail();
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        at += static_cast<std::uint64_t>(count);
    }
}

void SparseFile::commit(std::uint64_t size) {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) < 0)
        fail();
    whole_.commit();
}

void SparseFile::fail() const {
    const int error = errno;
    throw system_error(fmt::format("cannot write the guest's memory to {}", path_.string()), error);
}

}  // namespace lktest
