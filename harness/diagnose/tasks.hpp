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

/// A process or a thread of the kernel, as the kernel's memory has it.
struct Task {
    std::int32_t pid = 0, parent = 0;
    std::string name;        ///< of 15 characters at most
    char state = '?';        ///< as ps(1) prints it: R runs, S sleeps, D waits for a device, Z ended, …
    bool of_kernel = false;  ///< a kernel thread
    std::string program;     ///< its executable, by the path in its file system; empty: not known
    std::vector<std::string> arguments;
    std::string input;               ///< what its standard input is: "/dev/console"; empty: not known
    std::vector<std::string> waits;  ///< the kernel's functions it sleeps in; empty when it runs
};

/// What all of a kernel's tasks tell.
struct TaskList {
    std::vector<Task> tasks;  ///< by process, each by its first thread
    std::string root;         ///< the type of the file system that pid 1 has as "/": "rootfs", "overlay"
    std::optional<std::vector<NetworkCard>> cards;  ///< that pid 1 sees; nothing: not known
};

/// Walks the list of processes. Nothing when it was not found, or is not one.
std::optional<TaskList> read_tasks(const AddressSpace& space, const Symbols& symbols,
                                   const KernelTypes& types, Arch arch);

/// It reads from a terminal, or watches one for input: a shell at its prompt.
bool waits_for_keys(const Task& task);

/// A program other than pid 1 that computes, or waits for a device; null if none does.
const Task* task_at_work(const TaskList& list);

/// Whether pid 1 is still the initramfs' /init. Some change to a tmpfs and run it again there (linux-live,
/// Slax).
bool runs_initramfs(const TaskList& list);

/// "sh (pid 1) 'sh /init', of /bin/busybox, sleeps in do_wait < kernel_wait4"
std::string in_words(const Task& task);

}  // namespace lktest
