// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "builder/base/handle.hpp"

namespace lktest {

/// A directory for sockets and variable stores that a libvirt daemon's QEMU may enter. It is on the host's
/// file system and not hidden by a jail. A child process waits for the end of this one and removes the
/// directory, even if lktest is killed.
class SharedDirectory {
public:
    /// Creates it in `parent`; by default in /run, or in the temporary directory if /run is not writable.
    /// Call it before starting threads. Throws a host Error.
    explicit SharedDirectory(const std::filesystem::path& parent = {});
    SharedDirectory(const SharedDirectory&) = delete;
    SharedDirectory& operator=(const SharedDirectory&) = delete;
    ~SharedDirectory();

    const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
    UniqueFd alive_;  ///< the child reads its end when this process ends
    pid_t child_ = -1;
};

}  // namespace lktest
