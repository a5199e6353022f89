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

/// Maps the user to itself in the user namespace whose first process is the caller, and lets executed
/// programs inherit all capabilities.
void keep_user(const JailUser& user);

/// Mounts /proc and a private tmpfs in the mount and PID namespaces whose first process is the caller.
/// Returns the path of the tmpfs.
std::filesystem::path mount_jail(bool root);

// All throw a host Error.

}  // namespace lktest
