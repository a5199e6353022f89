// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "harness/cli/run_inside.hpp"
#include "harness/machine/qemu_user.hpp"

namespace lktest {

/// Where QEMU lives that lktest starts itself.
struct QemuPlace {
    std::optional<QemuUser> user;                                  ///< nothing: as who started lktest
    std::string why;                                               ///< one line, when that is root
    std::map<std::filesystem::path, std::filesystem::path> shown;  ///< images, and where the user finds them
    std::filesystem::path cache;                                   ///< of libvirt, likewise
};

/// QEMU's place in a run: of root a user of its own, where that can read all the images. Their directories
/// need not be open to it: they are shown in the private directory. Throws a host Error.
QemuPlace place_for_qemu(const RunInput& input, const std::filesystem::path& private_directory);

}  // namespace lktest
