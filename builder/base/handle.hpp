// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <memory>
#include <utility>

namespace lktest {

template <typename T, auto release>
struct Release {
    void operator()(T* handle) const noexcept { static_cast<void>(release(handle)); }
};

/// Owns one C handle and releases it with the C function `release`.
template <typename T, auto release>
using Handle = std::unique_ptr<T, Release<T, release>>;

/// Owns one file descriptor; -1 is none.
class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) noexcept : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        reset(other.release());
        return *this;
    }
    ~UniqueFd() { reset(); }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd = -1) noexcept {
        if (int old = std::exchange(fd_, fd); old >= 0)
            ::close(old);
    }

private:
    int fd_ = -1;
};

}  // namespace lktest
