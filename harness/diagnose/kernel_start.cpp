// SPDX-License-Identifier: MIT
#include "harness/diagnose/kernel_start.hpp"

#include <re2/re2.h>

#include <algorithm>

namespace lktest {
namespace {

/// The text after `prefix` in the first record that begins with it.
std::optional<std::string> first_after(const std::vector<LogRecord>& log, std::string_view prefix) {
    for (const LogRecord& record : log)
        if (record.text.starts_with(prefix))
            return record.text.substr(prefix.size());
    return std::nullopt;
}

/// Every kernel logs an initrd, in setup_arch() or in populate_rootfs(). Both run before it mounts a root or
/// starts a program.
std::optional<bool> was_given_initrd(const std::vector<LogRecord>& log) {
    static const re2::RE2 given(
        R"(^(?:Trying to unpack rootfs image|Unpacking initramfs|Initramfs unpacking failed|rootfs image is not initramfs|Freeing initrd memory|RAMDISK: \[mem|Loaded initrd from |initrd not fully accessible))");
    static const re2::RE2 past(
        R"(^(?:Run \S+ as init process|VFS: (?:Cannot open root|Unable to mount root|Mounted root)|Waiting for root device|md: |List of all partitions|Kernel panic - not syncing: VFS))");
    const bool whole = !log.empty() && log.front().sequence == 0;
    bool is_past = false;
    for (const LogRecord& record : log) {
        if (re2::RE2::PartialMatch(record.text, given))
            return true;
        is_past = is_past || re2::RE2::PartialMatch(record.text, past);
    }
    return whole && is_past ? std::optional(false) : std::nullopt;
}

}  // namespace

KernelStart kernel_start(const std::vector<LogRecord>& log) {
    KernelStart start;
    // x86 logs "Command line: " first; arm64 logs only the other one.
    constexpr std::string_view said = "Kernel command line:";
    if (const auto line = first_after(log, said)) {
        start.command_line = line->substr(std::min(line->find_first_not_of(' '), line->size()));
        start.bare = start.command_line.find_first_not_of(" \n") == std::string::npos;
    }
    std::string_view rest = start.command_line;
    while (!rest.empty()) {
        const std::string_view word = rest.substr(0, rest.find_first_of(" \n"));
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
        if (word.starts_with("console="))
            start.consoles.emplace_back(word.substr(8));
        start.quiet = start.quiet || word == "quiet";
    }
    // run_init_process() and kernel_init(): "Run /init as init process", "Failed to execute /init (error
    // -8)".
    for (const LogRecord& record : log) {
        static const re2::RE2 run(R"(Run (\S+) as init process)");
        static const re2::RE2 failed(R"((?:Failed to execute|Starting init:|Requested init) (\S+) )");
        re2::RE2::PartialMatch(record.text, run, &start.init);
        if (start.failed_init.empty())
            re2::RE2::PartialMatch(record.text, failed, &start.failed_init);
    }
    if (!start.failed_init.empty())  // it tries others then, and does not log those that are missing
        start.init.clear();
    start.model = first_after(log, "Machine model: ").value_or("");
    start.initrd = was_given_initrd(log);
    return start;
}

bool is_serial_console(std::string_view console, Arch arch) {
    return console.starts_with(serial_console(arch)) || console.starts_with("hvc0");
}

}  // namespace lktest
