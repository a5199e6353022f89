// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "builder/base/handle.hpp"

namespace lktest {

/// The host's ends of the two named pipes of a guest's port (QEMU's chardev "pipe"). A socket holds some
/// three hundred single bytes; a pipe holds a megabyte before its writer must wait. An x86 kernel waits for
/// its serial port for 10 ms and then loses output (Linux drivers/tty/serial/8250).
struct ConsolePipe {
    UniqueFd from_guest, to_guest;  ///< both are non-blocking

    /// Creates PATH.out and PATH.in, and opens them before any other process can. Throws a host Error.
    static ConsolePipe make(const std::filesystem::path& path);
};

}  // namespace lktest
