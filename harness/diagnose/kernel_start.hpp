// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/diagnose/printk_ring.hpp"

namespace lktest {

/// How a kernel was started, according to its log.
struct KernelStart {
    std::string command_line;           ///< as logged; unset if the log lacks it
    bool bare = false;                  ///< the log shows that the command line is empty
    std::vector<std::string> consoles;  ///< of the command line: "tty0", "ttyS0,115200"
    bool quiet = false;
    std::string init;            ///< the first process: "/init"; unset if none was started
    std::string failed_init;     ///< a program that the kernel could not execute
    std::string model;           ///< "Raspberry Pi 4 Model B", from the device tree; unset under ACPI
    std::optional<bool> initrd;  ///< whether the loader passed one; unset if the log does not show it
};

KernelStart kernel_start(const std::vector<LogRecord>& log);

/// Whether a value of `console=` is the machine's serial port.
bool is_serial_console(std::string_view console, Arch arch);

}  // namespace lktest
