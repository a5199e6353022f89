// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "harness/machine/qemu_box.hpp"
#include "harness/machine/qemu_user.hpp"
#include "harness/run/run_inside.hpp"

namespace lktest {

/// Where QEMU runs if lktest starts it itself.
struct QemuPlace {
    std::unique_ptr<QemuBoxes> boxes;  ///< null with --connect
    std::optional<QemuUsers> users;    ///< unset: all guests run as the user who started lktest
    std::string why;                   ///< one line that says why all guests run as root, if they do
    std::map<std::filesystem::path, std::filesystem::path>
        shown;                    ///< images, and their paths inside the boxes
    std::filesystem::path cache;  ///< libvirt's cache
};

/// Prepares a place for QEMU: a box for each guest. If root runs lktest, each guest also gets a user,
/// provided that this user can read all images. Throws a host Error.
QemuPlace place_for_qemu(const RunInput& input, const std::filesystem::path& private_directory);

}  // namespace lktest
