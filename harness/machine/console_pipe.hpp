// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "builder/base/handle.hpp"

namespace lktest {

/// The host's ends of the two named pipes that a guest's port is (QEMU's chardev "pipe"). Unlike a socket,
/// which takes some three hundred bytes one by one, a pipe takes a megabyte before its writer must wait: an
/// x86 kernel waits for its serial port for 10 ms, and then loses what it says (Linux
/// drivers/tty/serial/8250).
struct ConsolePipe {
    UniqueFd from_guest, to_guest;  ///< both never block

    /// Makes PATH.out and PATH.in, and opens them before anybody else can. Throws a host Error.
    static ConsolePipe make(const std::filesystem::path& path);
};

}  // namespace lktest
