// SPDX-License-Identifier: MIT
#include "harness/diagnose/diagnosis.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>

#include "builder/base/printable.hpp"
#include "builder/base/re2_text.hpp"
#include "harness/console/watch.hpp"
#include "harness/diagnose/cpu_activity.hpp"
#include "harness/diagnose/dmesg.hpp"
#include "harness/diagnose/kernel_start.hpp"
#include "harness/diagnose/loader_words.hpp"

namespace lktest {
namespace {

using std::chrono::microseconds;

constexpr std::size_t proof_lines = 6, last_lines = 10;

struct CpuTotals {
    std::size_t samples = 0, kernel = 0, programs = 0, real = 0;
};

CpuTotals totals(const std::vector<CpuActivity>& activities) {
    CpuTotals sum;
    for (const CpuActivity& cpu : activities) {
        sum.samples += cpu.samples;
        sum.kernel += cpu.in_kernel;
        sum.programs += cpu.in_programs;
        sum.real += cpu.in_real_mode;
    }
    return sum;
}

/// Whether the CPUs show that a log in memory belongs to an earlier boot.
bool left_the_kernel(const CpuTotals& cpus) {
    return cpus.samples > 0 && cpus.kernel == 0 && cpus.programs == 0;
}

void tell_of_the_log(const Examination& seen, const KernelStart& facts, Diagnosis& said) {
    said.evidence.push_back(
        fmt::format("the log of the kernel{} was read from the guest's memory: {} records, the newest at "
                    "{:.1f} s of its clock",
                    seen.kernel.empty() ? "" : " " + printable(seen.kernel), seen.log.size(),
                    seen.log.empty() ? 0.0 : std::chrono::duration<double>(seen.log.back().time).count()));
    if (seen.log_by_shape)
        said.evidence.emplace_back(
            "the kernel has not yet written its VMCOREINFO: it is in its first seconds");
    if (!facts.init.empty())
        said.evidence.push_back(fmt::format("the log says that {} was started", printable(facts.init)));
    if (!seen.kernel_on_console)
        said.evidence.emplace_back("none of its lines reached the serial console");
}

/// An image that came from a file system is a boot loader, or was loaded by one. The firmware's own
/// images have other names or GUIDs.
void find_uefi_stage(const Examination& seen, Diagnosis& said) {
    const auto loader =
        std::ranges::find_if(seen.efi_images.rbegin(), seen.efi_images.rend(),
                             [](const std::string& image) { return image.starts_with('\\'); });
    if (loader == seen.efi_images.rend() && !seen.loader.empty()) {
        said.stage = BootStage::boot_loader;
        said.summary = "no kernel is running: a boot loader was started, and returned to the firmware";
        said.evidence.push_back("its line on the console: " + printable(seen.loader));
    } else if (loader == seen.efi_images.rend()) {
        said.stage = BootStage::firmware;
        said.summary = "no kernel is running: UEFI has not started a boot loader";
    } else {
        said.stage = BootStage::boot_loader;
        said.summary = fmt::format("no kernel is running: UEFI has started {}", printable(*loader));
        said.evidence.push_back(
            fmt::format("{} is the latest one from a file system, of {} images that UEFI has loaded",
                        printable(*loader), seen.efi_images.size()));
    }
    for (const std::string& where : seen.in_efi_images)
        said.evidence.push_back(printable(where));
}

/// Whether process 1 is the program by which an initramfs hands over: it has put the new root in place, and
/// executes the system's init last.
bool hands_over_still(const TaskList& tasks) {
    const auto first = std::ranges::find(tasks.tasks, 1, &Task::pid);
    if (first == tasks.tasks.end())
        return false;
    // "switch_root /root /sbin/init", or "busybox switch_root …"; util-linux, klibc and busybox have them.
    const auto hands_over = [](std::string_view word) {
        const std::string_view program = word.substr(word.rfind('/') + 1);
        return program == "switch_root" || program == "run-init" || program == "pivot_root";
    };
    const std::vector<std::string>& words = first->arguments;
    return hands_over(first->program) ||
           std::any_of(words.begin(), words.begin() + std::min<std::ptrdiff_t>(2, std::ssize(words)),
                       hands_over);
}

void find_stage(const Examination& seen, const KernelStart& facts, const CpuTotals& cpus, Diagnosis& said) {
    const std::string kernel = seen.kernel.empty() ? "the kernel" : "the kernel " + printable(seen.kernel);
    if (seen.log_found && !seen.log.empty() && (!left_the_kernel(cpus) || seen.reset_loop)) {
        tell_of_the_log(seen, facts, said);
        const std::string root = seen.tasks ? seen.tasks->root : "";
        if (!root.empty())
            said.evidence.push_back(
                fmt::format("the root file system of pid 1 is of type {}", printable(root)));
        // The kernel unpacks an initramfs into its rootfs. After the handover, process 1 has another root.
        const bool handed_over = !root.empty() && root != "rootfs" && root != "ramfs" &&
                                 !hands_over_still(*seen.tasks) && !runs_initramfs(*seen.tasks);
        const bool system = handed_over || (!facts.init.empty() && !facts.init.starts_with("/init"));
        // Process 1 is a kernel thread until it executes /init.
        const bool no_program = seen.tasks && std::ranges::any_of(seen.tasks->tasks, [](const Task& task) {
                                    return task.pid == 1 && task.of_kernel;
                                });
        if (!facts.failed_init.empty()) {
            said.stage = BootStage::kernel;
            said.summary =
                fmt::format("{} is running, but could not start {}", kernel, printable(facts.failed_init));
        } else if (facts.init.empty() || no_program) {
            said.stage = BootStage::kernel;
            said.summary = kernel + " has started, but no program yet";
        } else if (system) {
            said.stage = BootStage::userspace;
            said.summary =
                handed_over ? kernel + " is running, and the initramfs has handed over to the system"
                            : fmt::format("{} is running and has started {}", kernel, printable(facts.init));
        } else {
            said.stage = BootStage::initramfs;
            said.summary = kernel + " is running and has started the initramfs";
        }
        return;
    }
    if (seen.log_found && !seen.log.empty())
        said.evidence.push_back(
            fmt::format("the memory holds a log that {} wrote in an earlier boot, with {} records", kernel,
                        seen.log.size()));
    if (cpus.programs > 0) {
        said.stage = BootStage::userspace;
        said.summary = "programs are running, in the initramfs or in the system";
    } else if (cpus.kernel > 0) {
        said.stage = BootStage::kernel;
        said.summary = "a kernel is running, but its log was not found";
    } else if (seen.kernel_entered) {
        said.stage = BootStage::kernel;
        said.summary = seen.reset_loop
                           ? "a kernel was loaded, but the machine resets before the kernel prints anything"
                           : "a kernel was started, but has not printed anything";
    } else if (cpus.samples > 0 && !seen.efi_images.empty()) {
        find_uefi_stage(seen, said);
    } else if (!seen.loader.empty()) {
        said.stage = BootStage::boot_loader;
        said.summary = "no kernel is running: the firmware has started a boot loader";
        said.evidence.push_back(fmt::format("its line on the console: {}", printable(seen.loader)));
    } else if (cpus.samples > 0 && cpus.real == cpus.samples) {
        // A BIOS starts loaders in real mode too, but a loader prints its name first.
        said.stage = BootStage::firmware;
        said.summary = "no kernel is running: the BIOS is, and no boot loader has printed its name";
    } else if (cpus.samples > 0) {
        said.stage = BootStage::firmware_or_loader;
        said.summary = "no kernel is running, only the firmware or a boot loader";
    } else {
        said.summary = "could not determine how far the boot came";
    }
}

/// Searches the log for failures as if it were the console.
void search_log(const Examination& seen, const BootCell& cell, const Scenario& scenario,
                const std::vector<Failure>& catalogue, Diagnosis& said) {
    Watch watch(cell, scenario, catalogue);
    for (const LogRecord& record : seen.log)
        for (const std::string& line : dmesg_lines(record))
            watch.feed(Source::serial, line + "\n", std::chrono::duration_cast<microseconds>(record.time));
    const auto& failure = watch.failure() ? watch.failure() : watch.suspect();
    if (!failure)
        return;
    said.cause = failure->name;
    said.reason = failure->reason;
    said.fix = failure->hint;
    said.outcome = failure->outcome;
    said.proof = failure->evidence;
    if (said.proof.size() > proof_lines)
        said.proof.resize(proof_lines);
}

std::optional<Silence> explain_silence(const Examination& seen, const BootCell& cell,
                                       const KernelStart& facts) {
    const std::string_view port = serial_console(cell.arch);
    const std::string add =
        fmt::format("make console={} the last console= on the kernel's command line", port);
    const std::string consoles =
        facts.consoles.empty() ? "no console= in its command line"
                               : printable(fmt::format("console={}", fmt::join(facts.consoles, " console=")));
    if (seen.kernel_on_console) {
        // The last console= becomes the programs' /dev/console.
        if (facts.init.empty() || facts.consoles.empty() ||
            is_serial_console(facts.consoles.back(), cell.arch))
            return std::nullopt;
        return Silence{
            "init-console-not-on-serial",
            fmt::format("the output of its programs does not reach the serial console ({})", consoles), add};
    }
    if (!facts.command_line.empty() && std::ranges::none_of(facts.consoles, [&](const std::string& name) {
            return is_serial_console(name, cell.arch);
        }))
        return Silence{"kernel-console-not-on-serial",
                       fmt::format("the kernel's messages do not reach the serial console ({})", consoles),
                       add};
    if (facts.quiet)
        return Silence{"kernel-told-to-be-quiet",
                       "the kernel keeps its messages off the console, because its command line says quiet",
                       "remove quiet from the kernel's command line"};
    // No driver of the port had registered its console yet.
    if (std::ranges::none_of(seen.log, [](const LogRecord& record) {
            return record.text.find("] enabled") != record.text.npos;
        }))
        return Silence{"kernel-console-not-open",
                       "the kernel ended before it opened its console, so its messages are only in memory",
                       "'earlycon keep_bootcon' on the kernel's command line shows them on the serial port"};
    return Silence{"kernel-console-silent", "the kernel's messages do not reach the serial console",
                   fmt::format("check that the kernel has the driver of {}; 'earlycon keep_bootcon' on its "
                               "command line shows more",
                               port)};
}

}  // namespace

std::string_view name(BootStage stage) {
    switch (stage) {
        case BootStage::unknown: return "unknown";
        case BootStage::firmware_or_loader: return "firmware-or-loader";
        case BootStage::firmware: return "firmware";
        case BootStage::boot_loader: return "boot-loader";
        case BootStage::kernel: return "kernel";
        case BootStage::initramfs: return "initramfs";
        case BootStage::userspace: return "userspace";
    }
    return "";
}

namespace {

/// Adds what the kernel's own task list shows about its programs, the first one above all.
void tell_of_tasks(const Examination& seen, Diagnosis& said) {
    constexpr std::size_t most_programs = 64;
    said.backtraces = seen.backtraces;
    if (!seen.tasks)
        return;
    said.root = seen.tasks->root;
    for (const Task& task : seen.tasks->tasks) {
        if (task.of_kernel && task.pid != 1)
            continue;
        if (said.tasks.size() < most_programs)
            said.tasks.push_back(in_words(task));
        if (task.pid == 1 || waits_for_keys(task))
            said.evidence.push_back(in_words(task));
        if (waits_for_keys(task) && said.at_prompt.empty())
            said.at_prompt =
                printable(fmt::format("{} (pid {}) is waiting for keyboard input on {}", task.name, task.pid,
                                      task.input.empty() ? "a terminal" : task.input));
    }
}

std::vector<Sign> signs_of(const Examination& seen, const std::vector<CpuActivity>& activities,
                           const DeviceView& devices, const Diagnosis& said) {
    const bool entered = seen.kernel_entered && seen.log.empty();
    if (seen.reset_loop)
        return {{entered ? "kernel-resets-at-entry" : "guest-resets",
                 fmt::format("{}; it was reset {} times", said.summary, seen.resets)}};
    if (entered)
        return {{"kernel-stuck-at-entry", said.summary}};
    // The kernel died, and its log says why.
    if (!said.cause.empty() || activities.empty())
        return {};
    std::vector<Sign> signs;
    const bool in_initramfs = said.stage == BootStage::initramfs;
    if (in_initramfs && devices.no_disk)
        signs.push_back({"no-disk-seen", devices.sentences.front()});
    if (in_initramfs && devices.no_card)
        signs.push_back({"no-card-seen", devices.sentences.back()});
    const CpuTotals cpus = totals(activities);
    const bool idle = std::ranges::all_of(activities, [](const CpuActivity& cpu) { return cpu.idle(); });
    const bool spins = std::ranges::any_of(activities, [](const CpuActivity& cpu) { return cpu.spins(); });
    const std::string where = said.tasks.empty() ? said.summary : said.tasks.front();
    if (in_initramfs && !said.at_prompt.empty())
        signs.push_back({"init-asks", said.at_prompt});
    else if (in_initramfs && idle)
        signs.push_back({"init-waits", where});
    else if (in_initramfs && seen.tasks && task_at_work(*seen.tasks))
        signs.push_back({"init-busy", where});
    else if (in_initramfs && 2 * cpus.programs > cpus.samples)
        signs.push_back({"init-spins", where});
    else if (cpus.kernel == cpus.samples && spins)
        signs.push_back({"kernel-spins", seen.backtraces.empty() || seen.backtraces.front().frames.empty()
                                             ? said.summary
                                             : printable(seen.backtraces.front().frames.front())});
    return signs;
}

}  // namespace

bool is_return_of_loader(std::string_view line) {
    // A loader that the firmware refused has not run. The firmware's shell is a boot option, but not a
    // loader.
    static const re2::RE2 returned(R"re(BdsDxe: failed to start Boot\w+ "([^"]*?) *".*: (.*))re");
    static const re2::RE2 own(R"((?i)shell|setup|boot manager|fvfile)");
    static const re2::RE2 refused(R"(Access Denied|Security Violation|Unsupported|Load Error)");
    std::string option, status;
    return re2::RE2::PartialMatch(to_re2(line), returned, &option, &status) &&
           !re2::RE2::PartialMatch(option, own) && !re2::RE2::PartialMatch(status, refused);
}

bool is_start_of_setup(std::string_view line) {
    static const re2::RE2 setup(R"re(BdsDxe: starting Boot\w+ "UiApp *")re");
    return re2::RE2::PartialMatch(to_re2(line), setup);
}

std::string loader_in(const std::vector<std::string>& console) {
    static const re2::RE2 named(
        R"((?:GNU GRUB|Welcome to GRUB|GRUB loading|(?:ISO|SYS|PXE|EXT)LINUX \d|Failed to load COM32 file|systemd-boot \d|rEFInd|iPXE \d|U-Boot \d{4}|[Ll]imine \d|No loader found\. Configuration files in|Error preparing initrd).*)");
    // shim does not print its name, only that it refuses something, and then switches the machine off.
    static const re2::RE2 by_shim(
        R"((?i)Verif\w+ (?:shim )?SBAT data failed|SBAT self-check failed|Something has gone seriously wrong:|import_mok_state\(\) failed|Verification failed: \(0x|^start_image\(\) returned|Could not install security protocol|^Booting in insecure mode|^Press any key to perform MOK management)");
    for (const std::string& line : console) {
        if (re2::RE2::PartialMatch(line, named) || re2::RE2::PartialMatch(line, by_shim) ||
            is_return_of_loader(line) || is_start_of_setup(line))
            return line;
    }
    return "";
}

bool shows_kernel_setup(const std::vector<std::string>& console) {
    return std::ranges::any_of(console, [](const std::string& line) {
        return line.find("Probing EDD (edd=off to disable)") != line.npos;  // arch/x86/boot/edd.c
    });
}

Diagnosis diagnose(const Examination& seen, const BootCell& cell, const Scenario& scenario,
                   const std::vector<Failure>& catalogue) {
    Diagnosis said;
    const std::vector<CpuActivity> activities = cpu_activities(seen.samples);
    const KernelStart facts = kernel_start(seen.log);
    find_stage(seen, facts, totals(activities), said);
    search_log(seen, cell, scenario, catalogue, said);
    if (!seen.log.empty() && seen.resets == 0)
        said.silence = explain_silence(seen, cell, facts);

    for (std::size_t i = 0; i < activities.size(); ++i)
        said.cpus.push_back(in_words(activities[i], static_cast<unsigned>(i)));
    if (!seen.reached.empty())
        said.evidence.push_back(fmt::format("the last milestone was '{}'", printable(seen.reached)));
    if (!left_the_kernel(totals(activities)))
        tell_of_tasks(seen, said);
    DeviceView devices;
    if (!left_the_kernel(totals(activities)))
        devices = view_devices(seen.attached, seen.log, seen.tasks ? seen.tasks->cards : std::nullopt);
    said.devices = devices.sentences;
    said.signs = signs_of(seen, activities, devices, said);
    if (said.cause.empty() && said.silence)
        said.cause = said.silence->name;
    const auto all = [&](auto what) { return !activities.empty() && std::ranges::all_of(activities, what); };
    if (all([](const CpuActivity& cpu) { return cpu.idle(); }))
        said.summary += said.at_prompt.empty() ? "; now it is idle: it is waiting for something"
                                               : fmt::format("; now it is idle: {}", said.at_prompt);
    else if (std::ranges::any_of(activities, [](const CpuActivity& cpu) { return cpu.spins(); }))
        said.summary += "; a CPU spins in a tight loop";
    if (seen.resets > 0)
        said.evidence.push_back(fmt::format("the guest was reset {} times", seen.resets));

    for (const LogRecord& record : seen.log)
        for (std::string& line : dmesg_lines(record))
            said.last_lines.push_back(std::move(line));
    if (said.last_lines.size() > last_lines)
        said.last_lines.erase(said.last_lines.begin(), said.last_lines.end() - last_lines);
    said.disks = seen.disks;
    said.network = seen.network;
    said.untold = seen.untold;
    return said;
}

}  // namespace lktest
