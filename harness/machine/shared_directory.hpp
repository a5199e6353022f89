// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "builder/base/handle.hpp"

namespace lktest {

/// A directory for sockets and variable stores that a libvirt daemon's QEMU may enter: on the host's own
/// file system, where no jail hides it. A child process waits for the end of this one and
/// removes the directory, so that it goes also when lktest is killed.
class SharedDirectory {
public:
    /// Makes it in `parent`; else in /run, or without the right to that in the temporary directory. Call it
    /// before there are threads. Throws a host Error.
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
