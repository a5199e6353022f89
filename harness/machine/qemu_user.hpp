// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lktest {

/// Who QEMU runs as when lktest is root.
struct QemuUser {
    uid_t uid = 0;
    std::vector<gid_t> groups;  ///< the primary one first
};

/// The user that libvirt's package made for QEMU, "libvirt-qemu". Nothing unless this process is root with
/// the right to look into other users' processes (CAP_SYS_PTRACE): else a guest's memory could not be read.
std::optional<QemuUser> find_qemu_user();

/// Whether the user may read a file, and with `write` write it, by its owner, group and mode alone: its
/// directories are not looked at, and neither are access control lists.
bool may_open(const QemuUser& user, const std::filesystem::path& file, bool write = false);

/// Gives the files and pipes in a directory to the user, who may make others there, but can neither remove
/// nor replace what is root's. Throws a host Error.
void give_to(const QemuUser& user, const std::filesystem::path& directory);

/// Shows a file or directory at a second place, whatever directories are on the way to the first: mount(2),
/// MS_BIND. Only where this process has a mount namespace of its own. Throws a host Error.
void show_at(const std::filesystem::path& original, const std::filesystem::path& place);

}  // namespace lktest
