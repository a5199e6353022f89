// SPDX-License-Identifier: MIT
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <vector>

namespace lktest {

/// Blocks system calls that a guest's QEMU does not need, but an attacker who has taken it over would: access
/// and signals to other processes, new programs and namespaces, mounts, and the parts of the kernel through
/// which most attackers escaped. QEMU's own filter (-sandbox on) applies in addition.
/// @param self  the process; signals to itself are allowed
/// @return a program for seccomp(2)
std::vector<sock_filter> box_filter(pid_t self);

/// Applies the filter to the calling process and its descendants. Returns false with errno set on failure.
bool install(const std::vector<sock_filter>& filter);

}  // namespace lktest
