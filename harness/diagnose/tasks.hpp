// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/btf.hpp"
#include "harness/diagnose/network_cards.hpp"
#include "harness/diagnose/symbols.hpp"

namespace lktest {

/// A process or a kernel thread, from the kernel's memory.
struct Task {
    std::int32_t pid = 0, parent = 0;
    std::string name;        ///< at most 15 characters
    char state = '?';        ///< as ps(1) prints it: R runs, S sleeps, D waits for a device, Z has ended, …
    bool of_kernel = false;  ///< a kernel thread
    std::string program;     ///< its executable's path in its file system; empty if unknown
    std::vector<std::string> arguments;
    std::string input;               ///< its standard input: "/dev/console"; empty if unknown
    std::vector<std::string> waits;  ///< the kernel functions that it sleeps in; empty if it runs
};

/// All of a kernel's tasks.
struct TaskList {
    std::vector<Task> tasks;  ///< by process, each by its first thread
    std::string root;         ///< the type of the file system that pid 1 has as "/": "rootfs", "overlay"
    std::optional<std::vector<NetworkCard>> cards;  ///< that pid 1 sees; unset if unknown
};

/// Walks the list of processes. Unset if it was not found, or is invalid.
std::optional<TaskList> read_tasks(const AddressSpace& space, const Symbols& symbols,
                                   const KernelTypes& types, Arch arch);

/// It reads from a terminal, or watches one for input: a shell at its prompt.
bool waits_for_keys(const Task& task);

/// A program other than pid 1 that runs, or waits for a device; null if none does.
const Task* task_at_work(const TaskList& list);

/// Whether pid 1 is still the initramfs' /init. Some initramfs switch to a tmpfs and run /init again there
/// (linux-live, Slax).
bool runs_initramfs(const TaskList& list);

/// "sh (pid 1) 'sh /init', of /bin/busybox, sleeps in do_wait < kernel_wait4"
std::string in_words(const Task& task);

}  // namespace lktest
