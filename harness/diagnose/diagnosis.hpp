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

/// The functions of the kernel that a CPU is in, innermost first.
struct Backtrace {
    unsigned cpu = 0;
    std::vector<std::string> frames;  ///< "do_idle+0x1c3/0x290"
    std::vector<std::string> code;    ///< the instructions around the program counter
};

/// What was seen of a guest from outside.
struct Examination {
    /// All virtual CPUs, at several moments; empty when nobody answered.
    std::vector<std::vector<CpuState>> samples;
    bool log_found = false;
    bool log_by_shape = false;  ///< the kernel was so early that it had not yet described itself
    std::string kernel;         ///< its release; empty when it is not known
    std::vector<LogRecord> log;
    std::vector<Backtrace> backtraces;  ///< of the CPUs that are in the kernel
    std::optional<TaskList> tasks;
    std::vector<std::string> efi_images;     ///< what UEFI has loaded, the youngest last
    std::vector<std::string> in_efi_images;  ///< a sentence for each CPU that is in one
    std::vector<std::string> disks;          ///< what was read of each, a sentence
    std::vector<std::string> network;        ///< what was sent and leased, a sentence each
    std::vector<AttachedDevice> attached;    ///< the machine's disks and cards
    bool kernel_entered = false;             ///< a CPU is in a kernel's first code, or was before a reset
    bool kernel_on_console = false;          ///< the serial console showed lines of a kernel
    std::string loader;                      ///< the line by which a boot loader named itself; empty: none
    std::string reached;                     ///< the last milestone; empty when none was
    unsigned resets = 0;
    bool reset_loop = false;          ///< they ended the cell: what memory holds is of the boot before
    std::vector<std::string> untold;  ///< what could not be examined, and why
};

/// The line of the console by which a boot loader names itself; empty when none does.
std::string loader_in(const std::vector<std::string>& console);

/// Whether the console shows that an x86 kernel's own setup code ran, which says a word by the BIOS before
/// there is a kernel's log.
bool shows_kernel_setup(const std::vector<std::string>& console);

/// How far a boot has come, as far as memory and CPUs tell it.
enum class BootStage {
    unknown,
    firmware_or_loader,
    firmware,     ///< it has started no boot loader
    boot_loader,  ///< it has started one
    kernel,       ///< from its very entry on
    initramfs,    ///< it was started; whether it has handed over is not known
    userspace,
};
std::string_view name(BootStage stage);  ///< "firmware-or-loader", …

/// Why nothing, or not all, of what the guest says is on its serial console.
struct Silence {
    std::string name;
    std::string reason, fix;
};

/// What is concluded, in plain words.
struct Diagnosis {
    BootStage stage = BootStage::unknown;
    std::string summary;                ///< "the kernel 6.1.0-32-amd64 is running, in the initramfs"
    std::vector<std::string> evidence;  ///< of the stage, one sentence each
    std::string cause;                  ///< its name in the catalogue; empty when none was found
    std::string reason, fix;            ///< of the cause
    Outcome outcome = Outcome::passed;  ///< that the cause means; passed: it means none of its own
    std::optional<Silence> silence;
    std::vector<Sign> signs;
    std::vector<std::string> proof;       ///< the lines that show the cause
    std::vector<std::string> last_lines;  ///< of the kernel's log
    std::vector<std::string> cpus;        ///< what each one does
    std::vector<RankedCause> causes;      ///< the likeliest first; see explain()
    std::vector<Backtrace> backtraces;
    std::string at_prompt;             ///< who waits for keys, and on which terminal; empty: nobody
    std::string root;                  ///< the type of the file system that pid 1 has as "/"
    std::vector<std::string> tasks;    ///< the programs' processes, one sentence each
    std::vector<std::string> disks;    ///< what was read of each, a sentence
    std::vector<std::string> network;  ///< what was sent and leased, a sentence each
    std::vector<std::string> devices;  ///< which the machine has, and what the kernel saw of them, likewise
    std::vector<std::string> untold;
    std::chrono::microseconds took{};  ///< from the cell's end to this; of whoever examined the guest
};

/// Pure. @param catalogue  failures that the kernel's log is searched for
Diagnosis diagnose(const Examination& seen, const BootCell& cell, const Scenario& scenario,
                   const std::vector<Failure>& catalogue);

/// Says in the verdict on a failed cell what the diagnosis adds to it. A failure that the console
/// itself told of keeps its words.
void extend(Verdict& verdict, const Diagnosis& diagnosis);

/// Puts the lines that the console had before the failure in front of the evidence, and leaves out repeated
/// ones.
void add_lines_before(Verdict& verdict, const std::vector<std::string>& console);

/// Says in the verdict, and in the diagnosis, what the ranked causes add to them.
void explain(Verdict& verdict, Diagnosis& diagnosis, std::vector<RankedCause> causes);

/// diagnosis.json, schema "lktest.diagnosis/1".
std::string json_diagnosis(const Diagnosis& diagnosis);

/// cpus.txt: what each CPU and each program does, for people.
std::string text_of_cpus(const Diagnosis& diagnosis);

}  // namespace lktest
