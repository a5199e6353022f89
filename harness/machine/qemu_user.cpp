// SPDX-License-Identifier: MIT
#include "harness/machine/qemu_user.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"

namespace lktest {
namespace fs = std::filesystem;

std::optional<QemuUser> find_qemu_user() {
    if (::geteuid() != 0 || ::prctl(PR_CAPBSET_READ, CAP_SYS_PTRACE) != 1)
        return std::nullopt;
    const passwd* entry = ::getpwnam("libvirt-qemu");
    if (!entry || entry->pw_uid == 0)
        return std::nullopt;
    int count = 64;
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    if (::getgrouplist(entry->pw_name, entry->pw_gid, groups.data(), &count) < 0)
        return std::nullopt;
    groups.resize(static_cast<std::size_t>(count));
    return QemuUser{entry->pw_uid, std::move(groups)};
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
            throw system_error(fmt::format("cannot give {} to QEMU's user", path.string()), errno);
    };
    for (const fs::directory_entry& entry : fs::directory_iterator(directory))
        if ((entry.is_regular_file() || entry.is_fifo()) && !entry.is_symlink())
            give(entry.path(), user.uid);
    // Who owned the directory could put a link where root looks for what it serves.
    give(directory, 0);
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
