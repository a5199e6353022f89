// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace lktest {

/// The user of a QEMU process if lktest is root.
struct QemuUser {
    uid_t uid = 0;
    std::vector<gid_t> groups;  ///< the primary one first
};

/// Separate users for the guests of one run, so that none can signal another's QEMU or open its files. They
/// have only numbers, from a range that distributions leave free, and no names.
class QemuUsers {
public:
    /// Unset unless this process is root and may change users and access other users' processes (CAP_SETUID,
    /// CAP_SETGID, CAP_CHOWN, CAP_SYS_PTRACE). Without these it could not read a guest's memory.
    static std::optional<QemuUsers> find();

    /// @param first  the first of `count` numbers for users and groups
    QemuUsers(uid_t first, unsigned count);

    /// A user for another guest. After `count` guests the users repeat.
    QemuUser take() const;
    /// The user of the programs that emulate TPMs; no guest has it.
    QemuUser for_tpms() const;
    /// Lets all of them open a device by adding its group to theirs.
    void add_group(gid_t group) { more_groups_.push_back(group); }

private:
    uid_t first_;
    unsigned count_;
    std::vector<gid_t> more_groups_;
    std::shared_ptr<std::atomic<unsigned>> taken_ = std::make_shared<std::atomic<unsigned>>(0);
};

/// Whether the user may read a file, and with `write` also write it. Considers only its owner, group and
/// mode, not its directories or access control lists.
bool may_open(const QemuUser& user, const std::filesystem::path& file, bool write = false);

/// Gives the files and pipes in a directory to the user. The user may enter the directory, but can neither
/// remove nor replace its files. Throws a host Error.
void give_to(const QemuUser& user, const std::filesystem::path& directory);

/// Lets the user create files in a directory, such as a socket that lktest's privileges cannot create. Throws
/// a host Error.
void let_write(const QemuUser& user, const std::filesystem::path& directory);

/// Shows a file or directory at a second place, regardless of the directories above the first one: mount(2),
/// MS_BIND. Only in a process with a private mount namespace. Throws a host Error.
void show_at(const std::filesystem::path& original, const std::filesystem::path& place);

}  // namespace lktest
