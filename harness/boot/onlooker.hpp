// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/boot/display_text.hpp"
#include "harness/diagnose/cpu_activity.hpp"
#include "harness/diagnose/diagnosis.hpp"
#include "harness/diagnose/find_printk.hpp"
#include "harness/diagnose/kernel_sign.hpp"
#include "harness/diagnose/symbols.hpp"
#include "harness/diagnose/virtual_terminal.hpp"
#include "harness/machine/core_file.hpp"
#include "harness/machine/domain.hpp"
#include "harness/machine/guest_ram.hpp"
#include "harness/matrix/cell.hpp"

namespace lktest {

/// Follows what a running guest prints and displays outside its serial console. One call at a time.
class Follower {
public:
    /// @param ram     null if its memory cannot be read
    /// @param peek    reads the text screen of a PC; empty if the machine has none
    /// @param pixels  reads text from other displays; unset if there is none
    Follower(std::shared_ptr<const GuestRam> ram, Arch arch, Domain::Peek peek,
             std::optional<DisplayText> pixels)
        : ram_(std::move(ram)), arch_(arch), peek_(std::move(peek)), pixels_(std::move(pixels)) {}

    /// New lines in the kernel's log since the last call, as dmesg prints them; empty before the kernel has
    /// described itself. A call that searches for the log takes milliseconds, so searches use only a
    /// hundredth of the time. Later calls take a fraction of a millisecond.
    std::string log();
    /// The rows of the kernel's tty1. Empty before it is found; the search becomes ever rarer.
    std::vector<std::string> tty1();
    /// The rows of the text screen, or the text recognized in the pixels.
    std::vector<std::string> display();
    /// Compares the pixels that display() saw with the firmware's picture; unset if there are no pixels.
    std::optional<Painting> painting() const { return pixels_ ? pixels_->painting() : std::nullopt; }
    /// The picture that display() saw last is the firmware's.
    void firmware_painted() {
        if (pixels_)
            pixels_->keep_picture();
    }

private:
    const FoundKernel* kernel();

    std::shared_ptr<const GuestRam> ram_;
    Arch arch_;
    Domain::Peek peek_;
    std::optional<DisplayText> pixels_;
    std::optional<FoundKernel> kernel_;
    std::optional<std::uint64_t> next_;
    std::optional<VirtualTerminal> terminal_;
    std::chrono::steady_clock::time_point search_again_{};
    unsigned searches_ = 0, until_search_ = 0;
};

/// Looks at a guest from outside: at its CPUs, and at its memory, which is mapped from the start and remains
/// after the guest has gone. Destroy it after the guest, because a question that QEMU never answered ends
/// only then.
class Onlooker {
public:
    enum class Memory {
        mapped,             ///< or unavailable
        copied_if_need_be,  ///< if it cannot be mapped: takes seconds per GiB
    };

    /// For a guest that has just been created, when QEMU's monitor is known to answer. Never throws;
    /// examine() reports what is unavailable.
    Onlooker(const Domain& guest, Arch arch, Memory memory = Memory::mapped);

    /// Pauses the guest and fills in what memory and CPUs show. Existing samples of the CPUs are kept,
    /// because a paused guest cannot show more. Blocks for about 0.3 s, or a few seconds if QEMU does not
    /// answer; must not run on the thread that drains the guest's console.
    void examine(Domain& guest, Examination& seen);

    Arch arch() const noexcept { return arch_; }
    /// Throws a host Error with the reason if the memory is unavailable.
    const GuestRam& ram() const;

    /// The kernel in its memory; unset if there is none, or one so early that its log is not found.
    std::optional<FoundKernel> kernel(const Domain& guest) const;

    /// The kernel's symbols as a file for a debugger; unset if memory holds no kernel, or one so early that
    /// they are not found.
    std::optional<std::string> symbol_file(const Domain& guest) const;

    /// The kernel's description of itself; unset if there is no kernel, or it is too early.
    std::optional<KernelOfCore> description() const;

    /// Whether a CPU now executes a kernel at its virtual addresses. Takes a few milliseconds.
    bool runs_a_kernel(const Domain& guest) const;
    /// The code that the CPUs run now, or that ran last in a guest that has gone. Takes a few
    /// milliseconds.
    KernelSign kernel_sign(const Domain& guest) const;

    /// The log of a kernel that has not described itself yet, or never will. Empty if there is none, or if
    /// the Follower can read it. Takes some ten milliseconds.
    std::string early_log(const Domain& guest) const;

    /// Observes the CPUs while the guest keeps running. Blocks for about 0.2 s. Throws a host Error if the
    /// guest has gone.
    std::vector<CpuActivity> activities(const Domain& guest) const;

    /// @param cell  tells whether the machine has a text screen or a display, and which medium
    std::shared_ptr<Follower> follow(const Domain& guest, const BootCell& cell) const;

    /// False if QEMU left a question of examine() unanswered; do not ask it another.
    bool answered() const noexcept { return answered_; }

private:
    Arch arch_;
    std::shared_ptr<const GuestRam> ram_;
    std::string no_memory_;  ///< why there is none
    std::future<std::vector<std::vector<CpuState>>> sampling_;
    bool answered_ = true;
};

}  // namespace lktest
