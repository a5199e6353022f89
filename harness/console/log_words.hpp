// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/scenario/scenario.hpp"

namespace lktest {

/// What a saved log is read by, apart from its failures: harness/console/saved_log.toml.
struct LogWords {
    /// A program that puts something in front of the lines that it keeps or prints.
    struct Keeper {
        std::string name;  ///< "journalctl -o short-full"
        Pattern prefix;    ///< matched at the beginning of a line
        /// Who wrote a line with this prefix.
        enum class Writer { unsaid, kernel, program } writer = Writer::unsaid;
    };
    std::vector<Keeper> keepers;        ///< of two that match the first counts
    std::vector<Pattern> kernel_words;  ///< lines that any kernel writes: a prefix is learned from them

    struct Stage {
        std::string name;  ///< "initramfs"; several in a row may have the same
        std::vector<Pattern> patterns;
        bool kernel = false;   ///< only records of the kernel, from their first word on
        bool settled = false;  ///< people or programs use the system: a login, a shell, a target
    };
    std::vector<Stage> stages;  ///< in the order of a boot
    std::vector<Pattern> report_open, report_body, report_end;
    std::vector<std::string> vague;     ///< failures that may be a program's words, unless a dump follows
    std::vector<std::string> answered;  ///< prompts that are failures only if nothing follows
    /// What programs say right before a panic that only says that they ended.
    std::vector<Failure> last_words;
    std::vector<Pattern> in_initramfs;          ///< systemd runs in the initramfs until `left_initramfs`
    std::vector<Pattern> left_initramfs;        ///< the root file system was entered
    std::vector<Pattern> banner;                ///< the first record of a kernel
    std::vector<Pattern> firmware;              ///< the first line of a firmware
    std::vector<Pattern> announced;             ///< it ends on request
    std::vector<Pattern> replayed;              ///< the next banner is the same boot's
    std::vector<Pattern> requested;             ///< a command line that asks for a shell
    std::vector<std::string> request_warnings;  ///< failures that are what it asked for
    std::vector<Pattern> emulated, accelerated;
    std::vector<std::string> emulated_warnings;  ///< failures that prove nothing on an emulated machine
};

/// Throws a usage Error with every problem of the file.
LogWords read_log_words(const std::filesystem::path& file);

}  // namespace lktest
