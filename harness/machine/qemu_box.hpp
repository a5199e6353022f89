// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/machine/qemu_user.hpp"

namespace lktest {

/// The parts of the host that one guest's QEMU may use.
struct BoxContents {
    std::string name;                         ///< of the guest
    std::vector<std::filesystem::path> read;  ///< images, firmware
    std::filesystem::path directory;          ///< the guest's directory, whose files it may write
    std::optional<QemuUser> user;             ///< unset: the user who started lktest
};

/// Puts every QEMU into a separate box: see harness/box/settings.hpp. libvirt starts the program lktest-box
/// under QEMU's name; an environment variable names the box's settings.
class QemuBoxes {
public:
    /// @param directory   only for lktest; its path must be the same in each run, or libvirt probes each QEMU
    /// again
    /// @param namespaces  whether this process may create namespaces
    /// @param devices     devices below /dev that all guests need: "kvm"
    /// Throws a host Error if the program is missing.
    QemuBoxes(std::filesystem::path directory, std::filesystem::path libvirts_root, bool namespaces,
              std::vector<std::string> devices);
    QemuBoxes(const QemuBoxes&) = delete;
    QemuBoxes& operator=(const QemuBoxes&) = delete;

    /// Whether QEMU has a separate view of the file system.
    bool namespaces() const noexcept { return namespaces_; }

    /// The path that libvirt must use as QEMU. Throws a host Error if there is no QEMU for the architecture.
    std::filesystem::path emulator(Arch arch);

    /// Writes a guest's settings; returns the file, for box_variable.
    std::filesystem::path write(Arch arch, const BoxContents& contents);

private:
    struct Emulator {
        std::filesystem::path link, program, sealed;
    };
    const Emulator& prepare(Arch arch);

    std::filesystem::path directory_, libvirts_root_, box_;
    bool namespaces_;
    std::vector<std::string> devices_;
    std::mutex preparing_;
    std::map<Arch, Emulator> emulators_;
};

}  // namespace lktest
