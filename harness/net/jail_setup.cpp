// SPDX-License-Identifier: MIT
#include "harness/net/jail_setup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "builder/base/error.hpp"
#include "builder/base/handle.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

constexpr const char* jail_hint =
    "run lktest as root, or in a container that allows mounts (CAP_SYS_ADMIN, an unmasked /proc)";

void write_proc(const char* path, std::string_view text) {
    const UniqueFd fd(::open(path, O_WRONLY | O_CLOEXEC));
    if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        throw system_error(fmt::format("cannot write {}", path), errno,
                           "run lktest as root, or allow unprivileged user namespaces");
}

/// capset(2) called directly, to avoid libcap for two sets of 32 bits.
void inherit_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    if (::syscall(SYS_capget, &header, sets.data()) < 0)
        throw system_error("cannot read the capabilities", errno);
    for (__user_cap_data_struct& set : sets)
        set.inheritable = set.permitted;
    if (::syscall(SYS_capset, &header, sets.data()) < 0)
        throw system_error("cannot make the capabilities inheritable", errno);
    for (int capability = 0; capability <= CAP_LAST_CAP; ++capability)
        ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);  // an older kernel has fewer
}

void mount_tmpfs(const fs::path& where) {
    // Guest memory lives here, and the planner of parallel cells limits it. The default limit of tmpfs, half
    // of the memory, would only kill QEMU by SIGBUS in the middle of a boot.
    if (::mount("tmpfs", where.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=100%") < 0)
        throw system_error(fmt::format("cannot mount a private tmpfs on {}", where.string()), errno,
                           jail_hint);
}

/// The directory, created if missing. It then remains, empty, after the jail.
fs::path existing(const fs::path& directory) {
    std::error_code error;
    fs::create_directory(directory, error);
    if (error)
        throw system_error(fmt::format("cannot create {}", directory.string()), error.value(),
                           "install libvirt-daemon-driver-qemu, or run lktest as root");
    return directory;
}

/// The mount point of the private tmpfs. The first choice comes with libvirt's packages: the QEMU driver
/// keeps its state there, and in our mount namespace the tmpfs hides the system's state from the embedded
/// driver. Without that directory there is no embedded driver, but the cells of a remote one also have files.
fs::path private_mount_point() {
    const fs::path libvirt_state = "/var/lib/libvirt/qemu";
    std::error_code ignored;
    return fs::is_directory(libvirt_state, ignored) ? libvirt_state : existing("/run/lktest");
}

/// As root, libvirt's driver looks up a user that its package creates, though it is not used here. If it is
/// missing, as in a container with only libvirt's library, a copy of the list gets one.
void complete_users(const fs::path& private_dir) {
    constexpr const char* user = "libvirt-qemu";
    constexpr std::string_view nobody = ":x:65534:";
    const auto complete = [&](const fs::path& list, const std::string& entry) {
        std::ifstream in(list, std::ios::binary);
        std::string text{std::istreambuf_iterator<char>(in), {}};
        if (!text.empty() && !text.ends_with('\n'))
            text += '\n';
        const fs::path own = private_dir / list.filename();
        if (std::ofstream out(own, std::ios::binary); !(out << text << entry << std::flush))
            throw system_error(fmt::format("cannot write {}", own.string()), errno);
        if (fs::exists(list) && ::mount(own.c_str(), list.c_str(), nullptr, MS_BIND, nullptr) < 0)
            throw system_error(fmt::format("cannot complete {}", list.string()), errno, jail_hint);
    };
    if (!::getpwnam(user))
        complete("/etc/passwd", fmt::format("{}{}65534::/nonexistent:/usr/sbin/nologin\n", user, nobody));
    if (!::getgrnam(user))
        complete("/etc/group", fmt::format("{}{}\n", user, nobody));
}

}  // namespace

void keep_user(const JailUser& user) {
    // user_namespaces(7): a single line that maps one's own id needs no privilege. For the group,
    // setgroups(2) must be disabled first.
    write_proc("/proc/self/uid_map", fmt::format("{0} {0} 1", user.uid));
    write_proc("/proc/self/setgroups", "deny");
    write_proc("/proc/self/gid_map", fmt::format("{0} {0} 1", user.gid));
    inherit_capabilities();
}

fs::path mount_jail(bool root) {
    if (::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) < 0)
        throw system_error("cannot detach the mounts of a new namespace", errno, jail_hint);
    if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) < 0)
        throw system_error("cannot mount /proc in a new PID namespace", errno, jail_hint);
    const fs::path private_dir = private_mount_point();
    mount_tmpfs(private_dir);
    // A guest's QEMU also sees later mounts in its part of the directory.
    if (::mount(nullptr, private_dir.c_str(), nullptr, MS_SHARED, nullptr) < 0)
        throw system_error("cannot share the mounts of the private directory", errno, jail_hint);
    if (root)
        complete_users(private_dir);
    // The embedded driver also writes to a place that no option changes: /run/libvirt as root, otherwise the
    // user's runtime directory.
    if (root)
        mount_tmpfs(existing("/run/libvirt"));
    else
        ::setenv("XDG_RUNTIME_DIR", private_dir.c_str(), 1);
    return private_dir;
}

}  // namespace lktest
