// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/scenario/scenario.hpp"

namespace lktest {

/// What a saved log is read by besides its failures: harness/console/saved_log.toml.
struct LogWords {
    struct Stage {
        std::string name;  ///< "initramfs"; several in a row may have the same
        std::vector<Pattern> patterns;
        bool kernel = false;  ///< only records of the kernel, from their first word on
    };
    std::vector<Stage> stages;  ///< in the order of a boot
    std::vector<Pattern> report_open, report_body, report_end;
    std::vector<Pattern> banner;     ///< the first record of a kernel
    std::vector<Pattern> announced;  ///< it ends because somebody asked for it
    std::vector<Pattern> replayed;   ///< the next banner is the same boot's
    std::vector<Pattern> emulated, accelerated;
    std::vector<std::string> emulated_warnings;  ///< failures that prove nothing on an emulated machine
};

/// Throws a usage Error with every problem of the file.
LogWords read_log_words(const std::filesystem::path& file);

}  // namespace lktest
