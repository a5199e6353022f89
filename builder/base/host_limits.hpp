// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace lktest {

/// The remedy if a file cannot be written; may be empty.
/// @param error  errno
std::string hint_for_writing(int error);

/// The remedy for a fault whose message names a limit of this machine, or a file that QEMU needs;
/// otherwise `hint`. Faults of libvirt and QEMU are text only.
std::string hint_for_message(std::string_view message, std::string hint = {});

/// Throws a host Error if this process may not make files of so many bytes (RLIMIT_FSIZE). Shared memory
/// counts as a file.
/// @param what  begins the message: "the memory of a guest"
void require_file_size(std::uint64_t bytes, std::string_view what);

/// "signal 9 (Killed)".
std::string signal_in_words(int signal);

/// Finds out whether the kernel's OOM killer ended a process of this process's control group since the
/// counter was created. Reads memory.events (cgroup v2) or memory.oom_control (v1). If neither can be
/// read, for instance outside of any control group, it reads the whole machine's count in /proc/vmstat.
class OomCounter {
public:
    /// @param root  where proc and sys are mounted
    explicit OomCounter(std::filesystem::path root = "/");

    bool killed_any() const;

private:
    std::optional<std::uint64_t> count() const;

    std::filesystem::path root_;
    std::optional<std::uint64_t> before_;
};

/// "was killed by signal 9 (Killed): out of memory". The OOM killer sends SIGKILL, so only this signal is
/// attributed to it.
std::string killed_by(int signal, const OomCounter& oom);

/// The remedy for a killed process; may be empty.
std::string hint_for_killed(int signal, const OomCounter& oom);

}  // namespace lktest
