// SPDX-License-Identifier: MIT
#include "harness/machine/qemu_user.hpp"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"

namespace lktest {
namespace fs = std::filesystem;

namespace {

/// Whether all ids up to this one exist in the user namespace of this process (user_namespaces(7)).
bool ids_exist_up_to(unsigned long long last) {
    for (const char* map : {"/proc/self/uid_map", "/proc/self/gid_map"}) {
        std::istringstream lines(read_file(map));
        unsigned long long inside = 0, outside = 0, count = 0;
        bool found = false;
        while (lines >> inside >> outside >> count)
            found = found || (inside == 0 && count > last);
        if (!found)
            return false;
    }
    return true;
}

/// Differs between runs that have separate PID namespaces.
unsigned number_of_run() {
    struct stat facts {};
    return ::stat("/proc/self/ns/pid", &facts) < 0 ? 0 : static_cast<unsigned>(facts.st_ino);
}

}  // namespace

std::optional<QemuUsers> QemuUsers::find() {
    if (::geteuid() != 0)
        return std::nullopt;
    for (const int capability : {CAP_SYS_PTRACE, CAP_SETUID, CAP_SETGID, CAP_CHOWN})
        if (::prctl(PR_CAPBSET_READ, capability) != 1)
            return std::nullopt;
    // Concurrent runs use different parts of the range, as far as it reaches.
    constexpr unsigned each = 1024;
    struct Range {
        unsigned first, end;
    };
    // These ranges avoid a distribution's own users, systemd's dynamic users and containers (its
    // UIDS-GIDS.md), and subuid(5). Containers often have only 65536 ids, so the second range is one that
    // Debian reserves.
    for (const Range range : {Range{200'704, 524'288}, Range{30'720, 59'392}})
        if (ids_exist_up_to(range.end)) {
            const unsigned parts = (range.end - range.first) / each;
            return QemuUsers(range.first + number_of_run() % parts * each, each);
        }
    return std::nullopt;
}

QemuUsers::QemuUsers(uid_t first, unsigned count) : first_(first), count_(count) {}

QemuUser QemuUsers::take() const {
    const uid_t uid = first_ + 1 + (*taken_)++ % (count_ - 1);
    QemuUser user{uid, {uid}};
    user.groups.insert(user.groups.end(), more_groups_.begin(), more_groups_.end());
    return user;
}

QemuUser QemuUsers::for_tpms() const {
    QemuUser user{first_, {first_}};
    user.groups.insert(user.groups.end(), more_groups_.begin(), more_groups_.end());
    return user;
}

bool may_open(const QemuUser& user, const fs::path& file, bool write) {
    struct stat status {};
    if (::stat(file.c_str(), &status) < 0)
        return false;
    const mode_t wanted = write ? S_IROTH | S_IWOTH : S_IROTH;
    if (status.st_uid == user.uid)
        return (status.st_mode >> 6 & wanted) == wanted;
    if (std::ranges::find(user.groups, status.st_gid) != user.groups.end())
        return (status.st_mode >> 3 & wanted) == wanted;
    return (status.st_mode & wanted) == wanted;
}

void give_to(const QemuUser& user, const fs::path& directory) {
    const auto give = [&](const fs::path& path, uid_t owner) {
        if (::lchown(path.c_str(), owner, user.groups.front()) < 0)
            throw system_error(fmt::format("cannot chown {} to QEMU's user", path.string()), errno);
    };
    for (const fs::directory_entry& entry : fs::directory_iterator(directory))
        if ((entry.is_regular_file() || entry.is_fifo()) && !entry.is_symlink())
            give(entry.path(), user.uid);
    // If the user could write to the directory, it could put a link where root looks for a disk.
    give(directory, 0);
    fs::permissions(directory, fs::perms(0711));
}

void let_write(const QemuUser& user, const fs::path& directory) {
    if (::lchown(directory.c_str(), 0, user.groups.front()) < 0)
        throw system_error(fmt::format("cannot chown {} to QEMU's user", directory.string()), errno);
    fs::permissions(directory, fs::perms(01771));
}

void show_at(const fs::path& original, const fs::path& place) {
    if (fs::is_directory(original)) {
        make_directories(place);
    } else if (!fs::exists(place)) {
        make_directories(place.parent_path());
        write_file(place, "");
    }
    if (::mount(original.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) < 0)
        throw system_error(fmt::format("cannot show {} at {}", original.string(), place.string()), errno);
}

}  // namespace lktest
