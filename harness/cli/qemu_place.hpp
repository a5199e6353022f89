// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "harness/cli/run_inside.hpp"
#include "harness/machine/qemu_box.hpp"
#include "harness/machine/qemu_user.hpp"

namespace lktest {

/// Where QEMU lives that lktest starts itself.
struct QemuPlace {
    std::unique_ptr<QemuBoxes> boxes;  ///< null with --connect
    std::optional<QemuUsers> users;    ///< unset: all guests run as who started lktest
    std::string why;                   ///< one line, if that is root
    std::map<std::filesystem::path, std::filesystem::path> shown;  ///< images, and where QEMU finds them
    std::filesystem::path cache;                                   ///< libvirt's
};

/// QEMU's place in a run: a box for each guest, and if root runs lktest a user for each, provided that they
/// can read all the images. Throws a host Error.
QemuPlace place_for_qemu(const RunInput& input, const std::filesystem::path& private_directory);

}  // namespace lktest
