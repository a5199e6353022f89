// SPDX-License-Identifier: MIT
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <vector>

namespace lktest {

/// The system calls that a guest's QEMU has no use for, and whoever took it over has: looking into other
/// processes, signals to them, new programs and namespaces, mounts, and the parts of the kernel that most
/// ways out of such a place went through. QEMU's own filter (-sandbox on) comes on top of it.
/// @param self  the process; signals to itself are allowed
/// @return a program for seccomp(2)
std::vector<sock_filter> box_filter(pid_t self);

/// Puts the filter on the calling process, and on all that it becomes. False with errno set if it cannot.
bool install(const std::vector<sock_filter>& filter);

}  // namespace lktest
