// SPDX-License-Identifier: MIT
#pragma once

#include <re2/set.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/scenario/scenario.hpp"

namespace lktest {

/// The patterns for saved logs, except failures: harness/console/saved_log.toml.
struct LogWords {
    /// A program that adds a prefix to the lines that it stores or prints.
    struct Keeper {
        std::string name;  ///< "journalctl -o short-full"
        Pattern prefix;    ///< matched at the beginning of a line
        /// The writer of a line with this prefix.
        enum class Writer { unsaid, kernel, program } writer = Writer::unsaid;
    };
    std::vector<Keeper> keepers;  ///< the first match counts
    /// All of `keepers`, in their order; unset if there are none.
    std::shared_ptr<const re2::RE2::Set> any_keeper;
    std::vector<Pattern> kernel_words;  ///< lines that any kernel writes; prefixes are learned from them

    struct Stage {
        std::string name;  ///< "initramfs"; consecutive stages may share a name
        std::vector<Pattern> patterns;
        bool kernel = false;   ///< matches only kernel records, from their first word on
        bool settled = false;  ///< the system is in use: a login, a shell, a target
    };
    std::vector<Stage> stages;  ///< in the order of a boot
    std::vector<Pattern> report_open, report_body, report_end;
    std::vector<std::string> vague;     ///< failures that may be a program's words, unless a dump follows
    std::vector<std::string> rests;     ///< failures that count only if nothing else has failed
    std::vector<std::string> answered;  ///< prompts that are failures only if nothing follows
    /// Errors of programs that explain a following panic, which itself only says that init ended.
    std::vector<Failure> last_words;
    std::vector<Failure> at_end;  ///< complaints that count if the log ends after them
    /// A loader starts the next program, or reads from the next device.
    struct Handover {
        std::vector<Pattern> patterns;
        std::vector<std::string> clears;  ///< failures that it has survived
    };
    std::vector<Handover> handovers;
    std::vector<Pattern> boot_things;   ///< what a short excerpt names if it is of a boot
    std::vector<Pattern> root_mounted;  ///< by the kernel itself, so process 1 is not of an initramfs
    std::vector<std::string> process_one_ended;  ///< failures that say so
    std::vector<Pattern> in_initramfs;           ///< systemd runs in the initramfs until `left_initramfs`
    std::vector<Pattern> left_initramfs;         ///< the root file system was entered
    std::vector<Pattern> banner;                 ///< the first record of a kernel
    std::vector<Pattern> firmware;               ///< the first line of a firmware
    std::vector<Pattern> announced;              ///< the machine ends on request
    std::vector<Pattern> stopped_by_program;     ///< a program says that it stops the machine
    std::vector<Pattern> manager;                ///< systemd reports its units
    std::vector<Pattern> replayed;               ///< the next banner belongs to the same boot
    std::vector<Pattern> requested;              ///< a command line that asks for a shell
    std::vector<std::string> request_warnings;   ///< failures that such a command line causes
    std::vector<Pattern> emulated, accelerated;
    std::vector<std::string> emulated_warnings;  ///< failures without meaning on an emulated machine
};

/// Throws a usage Error with every problem of the file.
LogWords read_log_words(const std::filesystem::path& file);

}  // namespace lktest
