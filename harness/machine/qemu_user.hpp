// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace lktest {

/// Who a QEMU runs as when lktest is root.
struct QemuUser {
    uid_t uid = 0;
    std::vector<gid_t> groups;  ///< the primary one first
};

/// Users for the guests of one run, one for each: none can send a signal to another's QEMU, or open its
/// files. They have numbers alone, of a range that distributions leave free, and no names.
class QemuUsers {
public:
    /// Unset unless this process is root with the right to change users and to look into other users'
    /// processes (CAP_SETUID, CAP_SETGID, CAP_CHOWN, CAP_SYS_PTRACE): else a guest's memory could not be
    /// read.
    static std::optional<QemuUsers> find();

    /// @param first  of `count` numbers for users and groups
    QemuUsers(uid_t first, unsigned count);

    /// A user for another guest. Of very many guests the first one's again.
    QemuUser take() const;
    /// The user of the programs that emulate TPMs; no guest has it.
    QemuUser for_tpms() const;
    /// Lets all of them open a device: its group is one of theirs.
    void add_group(gid_t group) { more_groups_.push_back(group); }

private:
    uid_t first_;
    unsigned count_;
    std::vector<gid_t> more_groups_;
    std::shared_ptr<std::atomic<unsigned>> taken_ = std::make_shared<std::atomic<unsigned>>(0);
};

/// Whether the user may read a file, and with `write` write it, by its owner, group and mode alone: its
/// directories are not looked at, and neither are access control lists.
bool may_open(const QemuUser& user, const std::filesystem::path& file, bool write = false);

/// Gives the files and pipes in a directory to the user, who may enter it, and can neither remove nor replace
/// what is in it. Throws a host Error.
void give_to(const QemuUser& user, const std::filesystem::path& directory);

/// Lets the user make files in a directory, a socket, say, that is of no use to lktest's own rights. Throws a
/// host Error.
void let_write(const QemuUser& user, const std::filesystem::path& directory);

/// Shows a file or directory at a second place, whatever directories are on the way to the first: mount(2),
/// MS_BIND. Only where this process has a mount namespace of its own. Throws a host Error.
void show_at(const std::filesystem::path& original, const std::filesystem::path& place);

}  // namespace lktest
