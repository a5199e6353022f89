// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/causes.hpp"
#include "harness/diagnose/cpu_state.hpp"
#include "harness/diagnose/device_view.hpp"
#include "harness/diagnose/printk_ring.hpp"
#include "harness/diagnose/tasks.hpp"
#include "harness/matrix/cell.hpp"
#include "harness/matrix/verdict.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// The kernel functions that a CPU is in, innermost first.
struct Backtrace {
    unsigned cpu = 0;
    std::vector<std::string> frames;  ///< "do_idle+0x1c3/0x290"
    std::vector<std::string> code;    ///< the instructions around the program counter
};

/// Raw observations of a guest: its memory, CPUs and devices.
struct Examination {
    /// All virtual CPUs, at several moments; empty if QEMU did not answer.
    std::vector<std::vector<CpuState>> samples;
    bool log_found = false;
    bool log_by_shape = false;  ///< found by shape: the kernel had not yet written its VMCOREINFO
    std::string kernel;         ///< its release; empty if unknown
    std::vector<LogRecord> log;
    std::vector<Backtrace> backtraces;  ///< of the CPUs that are in the kernel
    std::optional<TaskList> tasks;
    std::vector<std::string> efi_images;     ///< images that UEFI has loaded, the latest last
    std::vector<std::string> in_efi_images;  ///< a sentence for each CPU that is in one
    std::vector<std::string> disks;          ///< how much was read from each, a sentence
    std::vector<std::string> network;        ///< packets and leases, a sentence each
    std::vector<AttachedDevice> attached;    ///< the machine's disks and cards
    bool kernel_entered = false;             ///< a CPU is in a kernel's entry code, or was before a reset
    bool kernel_on_console = false;          ///< the serial console showed lines of a kernel
    std::string loader;                      ///< the line with a boot loader's name; empty if there is none
    std::string reached;                     ///< the last milestone; empty if none was reached
    unsigned resets = 0;
    bool reset_loop = false;          ///< resets ended the cell: the memory is that of the previous boot
    std::vector<std::string> untold;  ///< what could not be examined, and why
};

/// The line of the console with a boot loader's name; empty if there is none.
std::string loader_in(const std::vector<std::string>& console);

/// Whether the console shows that an x86 kernel's setup code ran. It prints through the BIOS before the
/// kernel has a log.
bool shows_kernel_setup(const std::vector<std::string>& console);

/// How far a boot came, judged from memory and CPUs.
enum class BootStage {
    unknown,
    firmware_or_loader,
    firmware,     ///< it has not started a boot loader
    boot_loader,  ///< it has started one
    kernel,       ///< from its entry point on
    initramfs,    ///< /init was started; whether it has handed over is unknown
    userspace,
};
std::string_view name(BootStage stage);  ///< "firmware-or-loader", …

/// Why some or all of the guest's output is missing from its serial console.
struct Silence {
    std::string name;
    std::string reason, fix;
};

/// The conclusions, in plain English.
struct Diagnosis {
    BootStage stage = BootStage::unknown;
    std::string summary;                ///< "the kernel 6.1.0-32-amd64 is running, in the initramfs"
    std::vector<std::string> evidence;  ///< for the stage, one sentence each
    std::string cause;                  ///< its name in the catalogue; empty if none was found
    std::string reason, fix;            ///< of the cause
    Outcome outcome = Outcome::passed;  ///< implied by the cause; passed if it does not imply one
    std::optional<Silence> silence;
    std::vector<Sign> signs;
    std::vector<std::string> proof;       ///< the lines that show the cause
    std::vector<std::string> last_lines;  ///< of the kernel's log
    std::vector<std::string> cpus;        ///< a sentence for each CPU
    std::vector<RankedCause> causes;      ///< the likeliest first; see explain()
    std::vector<Backtrace> backtraces;
    std::string at_prompt;             ///< the program that waits for input, and its terminal; empty if none
    std::string root;                  ///< the type of the file system that pid 1 has as "/"
    std::vector<std::string> tasks;    ///< programs (not kernel threads), one sentence each
    std::vector<std::string> disks;    ///< how much was read from each, a sentence
    std::vector<std::string> network;  ///< packets and leases, a sentence each
    std::vector<std::string>
        devices;  ///< the machine's devices and their names in the kernel, a sentence each
    std::vector<std::string> untold;
    std::chrono::microseconds took{};  ///< from the cell's end; set by the caller, which examined the guest
};

/// Pure. @param catalogue  failures to look for in the kernel's log
Diagnosis diagnose(const Examination& seen, const BootCell& cell, const Scenario& scenario,
                   const std::vector<Failure>& catalogue);

/// Adds the diagnosis to the verdict on a failed cell. A failure that was found on the console keeps
/// its text.
void extend(Verdict& verdict, const Diagnosis& diagnosis);

/// Puts the console's lines before the failure in front of the evidence, without repetitions.
void add_lines_before(Verdict& verdict, const std::vector<std::string>& console);

/// The end of the console for a verdict: a screenful, without empty lines.
std::vector<std::string> end_of_console(const std::vector<std::string>& console);

/// Takes the frame off the lines of a firmware's dialogue, and leaves out lines that are nothing else.
/// Firmware sends frames in code page 437, whose bytes are seldom UTF-8.
void strip_frames(std::vector<std::string>& lines);

/// Adds the ranked causes to the verdict and to the diagnosis.
void explain(Verdict& verdict, Diagnosis& diagnosis, std::vector<RankedCause> causes);

/// diagnosis.json, schema "lktest.diagnosis/1".
std::string json_diagnosis(const Diagnosis& diagnosis);

/// cpus.txt: what each CPU and each program does, for people.
std::string text_of_cpus(const Diagnosis& diagnosis);

}  // namespace lktest
