// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace lktest {

/// The position of a kernel record in a console line.
struct PrintkPrefix {
    std::size_t begin = 0;    ///< the first byte of the prefix
    std::size_t message = 0;  ///< the first byte after it
};

/// The first printk prefix in a line: "[    2.948528] ", with an optional level before it ("<4>") and an
/// optional caller after it (skip_printk_caller()). It may be anywhere in the line, because the kernel writes
/// into whatever a program left unfinished.
std::optional<PrintkPrefix> find_printk_prefix(std::string_view line);

/// The start of the message if the stamp ends at `at`. Kernels name the caller in several ways: "[    T1] "
/// (CONFIG_PRINTK_CALLER), "000: " (PREEMPT_RT), "(0)[1:init]" and "[0:   init:    1] " (vendors' kernels).
std::size_t skip_printk_caller(std::string_view line, std::size_t at);

}  // namespace lktest
