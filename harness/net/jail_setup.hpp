// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace lktest {

/// The ids that process 1 of a jail had before its user namespace.
struct JailUser {
    uid_t uid;
    gid_t gid;
};

/// Maps the user to itself in the user namespace that the calling process is the
/// first of, and lets programs that it executes inherit all its capabilities.
void keep_user(const JailUser& user);

/// Gives the mount and PID namespaces that the calling process is the first of a
/// /proc of their own, and a private tmpfs. Returns where that is.
std::filesystem::path mount_jail(bool root);

// All throw a host Error.

}  // namespace lktest
