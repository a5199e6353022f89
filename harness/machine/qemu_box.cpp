// SPDX-License-Identifier: MIT
#include "harness/machine/qemu_box.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <system_error>
#include <utility>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/host_limits.hpp"
#include "harness/box/settings.hpp"
#include "harness/machine/probe.hpp"
#include "harness/matrix/hardware.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

constexpr const char* box_name = "lktest-box";

/// Looks next to this program, as in the build tree, one or two directories above, and in the installed
/// place.
fs::path find_box() {
    const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
    for (const char* place : {".", "../libexec/lktest", "..", "../..", "../../libexec/lktest"})
        if (::access((here / place / box_name).c_str(), X_OK) == 0)
            return fs::canonical(here / place / box_name);
    throw host_error(fmt::format("lktest's helper program {} is missing", box_name),
                     "install lktest with `cmake --install`, or run it from its build tree");
}

/// Changes when a program is replaced, so that libvirt probes it again.
std::string identity(const fs::path& program) {
    struct stat facts {};
    if (::stat(program.c_str(), &facts) < 0)
        throw system_error(fmt::format("cannot look at {}", program.string()), errno);
    return fmt::format("{:x}-{:x}-{:x}", facts.st_ino, facts.st_size,
                       facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec);
}

}  // namespace

QemuBoxes::QemuBoxes(fs::path directory, fs::path libvirts_root, bool namespaces,
                     std::vector<std::string> devices)
    : directory_(std::move(directory)),
      libvirts_root_(fs::absolute(libvirts_root)),
      box_(find_box()),
      namespaces_(namespaces),
      devices_(std::move(devices)) {
    make_directories(directory_ / "root");
    make_directories(directory_ / "guests");
}

const QemuBoxes::Emulator& QemuBoxes::prepare(Arch arch) {
    const std::lock_guard alone(preparing_);
    if (const auto known = emulators_.find(arch); known != emulators_.end())
        return known->second;
    const auto found = find_qemu(arch);
    if (!found)
        throw host_error(fmt::format("qemu-system-{} is not installed", name(arch)),
                         fmt::format("install it: apt install {}", machine_of(arch).qemu_package));
    const fs::path program = fs::canonical(*found), place = directory_ / identity(program);
    Emulator emulator{.link = place / program.filename(), .program = program, .sealed = {}};
    make_directories(place);
    fs::create_symlink(program, place / box_program_link);
    fs::create_symlink(box_, emulator.link);
    if (namespaces_) {
        // The kernel lets only root look into a process whose program its user cannot read (ptrace(2)).
        emulator.sealed = place / "sealed";
        std::error_code error;
        if (!fs::copy_file(program, emulator.sealed, error))
            throw host_error(fmt::format("cannot copy {} to {}: {}", program.string(),
                                         emulator.sealed.string(), error.message()),
                             hint_for_writing(error.value()));
        fs::permissions(emulator.sealed, fs::perms(0111));
    }
    return emulators_.emplace(arch, std::move(emulator)).first->second;
}

fs::path QemuBoxes::emulator(Arch arch) {
    return prepare(arch).link;
}

fs::path QemuBoxes::write(Arch arch, const BoxContents& contents) {
    const Emulator& emulator = prepare(arch);
    BoxSettings settings{.program = emulator.program.string(),
                         .sealed = emulator.sealed.string(),
                         .uid = ::geteuid(),
                         .gid = ::getegid(),
                         .groups = {},
                         .namespaces = namespaces_,
                         .root = (directory_ / "root").string(),
                         .shown = {fs::absolute(contents.directory).string()},
                         .owned = {},
                         .devices = devices_,
                         .state = libvirts_root_.string()};
    // Not the directory itself, because its owner could replace a file by a link that lktest would follow.
    for (const fs::directory_entry& entry : fs::directory_iterator(fs::absolute(contents.directory)))
        if ((entry.is_regular_file() || entry.is_fifo()) && !entry.is_symlink())
            settings.owned.push_back(entry.path().string());
    for (const fs::path& path : contents.read)
        settings.shown.push_back(path.string());
    if (contents.user) {
        settings.uid = contents.user->uid;
        settings.gid = contents.user->groups.front();
        settings.groups.assign(contents.user->groups.begin() + 1, contents.user->groups.end());
    }
    fs::path file = directory_ / "guests" / contents.name;
    write_file(file, box_text(settings));
    return file;
}

}  // namespace lktest
