// SPDX-License-Identifier: MIT
#include "harness/box/view.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace lktest {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::generic_category().message(errno));
}

/// The places of QEMU, its libraries and its firmware; not all of them exist in every distribution.
constexpr std::array system_directories{"/usr",  "/lib", "/lib32",     "/lib64",    "/bin",
                                        "/sbin", "/opt", "/nix/store", "/gnu/store"};
constexpr std::array system_files{"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
                                  "/etc/alternatives", "/etc/localtime"};
constexpr std::array harmless_devices{"null", "zero", "full", "random", "urandom"};

void mount_memory(const fs::path& place, const char* options) {
    if (::mount("tmpfs", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
        fail("cannot mount a tmpfs on " + place.string());
}

/// The restrictions of a mount. They cannot be removed without a private user namespace.
unsigned long restrictions_of(const fs::path& place) {
    struct statvfs facts {};
    unsigned long flags = 0;
    if (::statvfs(place.c_str(), &facts) < 0)
        return flags;
    for (const auto& [theirs, ours] : {std::pair<unsigned long, unsigned long>{ST_NOSUID, MS_NOSUID},
                                       {ST_NODEV, MS_NODEV},
                                       {ST_NOEXEC, MS_NOEXEC},
                                       {ST_NOATIME, MS_NOATIME},
                                       {ST_NODIRATIME, MS_NODIRATIME},
                                       {ST_RELATIME, MS_RELATIME},
                                       {ST_RDONLY, MS_RDONLY}})
        if (facts.f_flag & theirs)
            flags |= ours;
    return flags;
}

class View {
public:
    explicit View(fs::path root) : root_(std::move(root)) {}

    /// Shows a file or directory of the host at the same path.
    void show(const fs::path& original, unsigned long more) const { show(original, original, more); }

    void show(const fs::path& original, const fs::path& seen_as, unsigned long more) const {
        const fs::path place = at(seen_as);
        if (fs::is_directory(original)) {
            fs::create_directories(place);
        } else {
            fs::create_directories(place.parent_path());
            if (!fs::exists(place) && ::mknod(place.c_str(), S_IFREG | 0644, 0) < 0)
                fail("cannot make " + place.string());
        }
        if (::mount(original.c_str(), place.c_str(), nullptr, MS_BIND | MS_REC, nullptr) < 0)
            fail("cannot show " + original.string());
        const unsigned long flags = MS_REMOUNT | MS_BIND | restrictions_of(place) | more;
        if (::mount(nullptr, place.c_str(), nullptr, flags, nullptr) < 0)
            fail("cannot limit " + original.string());
    }

    /// The same for a directory or file of the system, which may be a link, or missing.
    void show_system(const fs::path& original) const {
        const fs::file_status kind = fs::symlink_status(original);
        if (fs::is_symlink(kind)) {
            fs::create_directories(at(original).parent_path());
            fs::copy_symlink(original, at(original));
        } else if (fs::exists(kind)) {
            show(original, MS_RDONLY | MS_NOSUID | MS_NODEV);
        }
    }

    fs::path at(const fs::path& seen_as) const { return root_ / seen_as.relative_path(); }

private:
    fs::path root_;
};

/// Whether one of the system's directories has the file.
bool is_of_system(const fs::path& file) {
    for (const char* directory : system_directories)
        if (file.native().starts_with(std::string(directory) + "/"))
            return true;
    return false;
}

void make_devices(const View& view, const std::vector<std::string>& more) {
    fs::create_directories(view.at("/dev"));
    mount_memory(view.at("/dev"), "mode=0755,size=64k");
    for (const char* device : harmless_devices)
        view.show(fs::path("/dev") / device, MS_NOSUID | MS_NOEXEC);
    for (const std::string& device : more)
        view.show(fs::path("/dev") / device, MS_NOSUID | MS_NOEXEC);
    fs::create_directories(view.at("/dev/shm"));
}

/// Mounts /proc without processes that the caller may not look into.
void make_proc(const View& view) {
    fs::create_directories(view.at("/proc"));
    constexpr unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    for (const char* options : {"hidepid=2,subset=pid", "hidepid=2", ""})
        if (::mount("proc", view.at("/proc").c_str(), "proc", flags, options) == 0)
            return;
    // A container may forbid it, but QEMU also runs without it.
}

void make_room_for_temporary_files(const View& view) {
    for (const char* place : {"/tmp", "/var/tmp", "/dev/shm"}) {
        fs::create_directories(view.at(place));
        mount_memory(view.at(place), "mode=1777,size=64m");
    }
}

void change_root(const fs::path& root) {
    if (::chdir(root.c_str()) < 0)
        fail("cannot enter " + root.string());
    // Stacks the old root on the new one, and unmounts it: pivot_root(2).
    if (::syscall(SYS_pivot_root, ".", ".") == 0) {
        if (::umount2(".", MNT_DETACH) < 0)
            fail("cannot leave the host's file systems");
    } else if (::mount(".", "/", nullptr, MS_MOVE, nullptr) < 0 || ::chroot(".") < 0) {  // in an initramfs
        fail("cannot change the root directory");
    }
    if (::chdir("/") < 0)
        fail("cannot enter the new root directory");
}

}  // namespace

void enter_view(const BoxSettings& settings) {
    // Later mounts for this guest still propagate in; nothing propagates out.
    if (::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) < 0)
        fail("cannot detach the mounts of a new namespace");
    mount_memory(settings.root, "mode=0755,size=1m");
    const View view(settings.root);
    for (const char* directory : system_directories)
        view.show_system(directory);
    for (const char* file : system_files)
        view.show_system(file);
    make_devices(view, settings.devices);
    make_proc(view);
    make_room_for_temporary_files(view);
    if (!is_of_system(settings.program))
        view.show(fs::path(settings.program).parent_path(), MS_RDONLY | MS_NOSUID | MS_NODEV);
    if (!settings.sealed.empty())
        view.show(settings.sealed, fs::canonical(settings.program), MS_RDONLY | MS_NOSUID | MS_NODEV);
    for (const std::string& path : settings.shown)
        if (!is_of_system(path))
            view.show(path, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
    for (const std::string& path : settings.owned)
        view.show(path, MS_NOSUID | MS_NODEV | MS_NOEXEC);
    change_root(settings.root);
    constexpr unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;
    if (::mount(nullptr, "/", nullptr, flags, nullptr) < 0)
        fail("cannot protect the root directory");
}

}  // namespace lktest
