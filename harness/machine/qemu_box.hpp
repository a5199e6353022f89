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

/// What one guest's QEMU may use of the host.
struct BoxContents {
    std::string name;                         ///< of the guest
    std::vector<std::filesystem::path> read;  ///< images, firmware
    std::filesystem::path directory;          ///< the guest's own, whose files it may write to
    std::optional<QemuUser> user;             ///< unset: as who started lktest
};

/// Puts every QEMU into a box of its own: see harness/box/settings.hpp. libvirt starts the program
/// lktest-box, which has the name of QEMU, and finds the settings by a variable.
class QemuBoxes {
public:
    /// @param directory   of lktest alone; its path is the same in each run, or libvirt learns anew what each
    ///                    QEMU can do
    /// @param namespaces  whether this process may make some
    /// @param devices     below /dev, that all guests need: "kvm"
    /// Throws a host Error if the program is missing.
    QemuBoxes(std::filesystem::path directory, std::filesystem::path libvirts_root, bool namespaces,
              std::vector<std::string> devices);
    QemuBoxes(const QemuBoxes&) = delete;
    QemuBoxes& operator=(const QemuBoxes&) = delete;

    /// Whether QEMU sees a file system of its own, and not the host's.
    bool namespaces() const noexcept { return namespaces_; }

    /// What libvirt is to take for QEMU. Throws a host Error if there is no QEMU for the architecture.
    std::filesystem::path emulator(Arch arch);

    /// Writes a guest's settings; the file, for box_variable.
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
