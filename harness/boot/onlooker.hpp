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

/// Follows what a running guest says and shows beside its serial console. One call at a time.
class Follower {
public:
    /// @param ram   null when it is not to be had
    /// @param peek    for the text screen of a PC; empty for a machine that has none
    /// @param pixels  for what a display shows else; nothing where there is none
    Follower(std::shared_ptr<const GuestRam> ram, Arch arch, Domain::Peek peek,
             std::optional<DisplayText> pixels)
        : ram_(std::move(ram)), arch_(arch), peek_(std::move(peek)), pixels_(std::move(pixels)) {}

    /// What came into the kernel's log since the last call, as dmesg prints it; empty before the kernel
    /// has described itself. A call that looks for it takes milliseconds, and so few look that they take a
    /// hundredth of the time; from then on a call takes a fraction of one.
    std::string log();
    /// The rows of the kernel's tty1; none before it is found, which is tried ever more rarely.
    std::vector<std::string> tty1();
    /// The rows of the text screen, or what can be read of the pixels.
    std::vector<std::string> display();
    /// What display() saw of pixels, against what the firmware had painted; unset where there are none.
    std::optional<Painting> painting() const { return pixels_ ? pixels_->painting() : std::nullopt; }
    /// What display() saw is the firmware's.
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

/// Looks at a guest from outside: its memory, which is mapped from the beginning and stays when
/// the guest has gone, and its CPUs. It is to be destroyed after the guest: a question that QEMU
/// never answered ends only then.
class Onlooker {
public:
    enum class Memory {
        mapped,             ///< or not to be had
        copied_if_need_be,  ///< where it cannot be mapped: seconds for each GiB
    };

    /// For a guest that has just been created, when QEMU's monitor is known to answer. Never
    /// throws: what is not to be had is told by examine().
    Onlooker(const Domain& guest, Arch arch, Memory memory = Memory::mapped);

    /// Pauses the guest and fills in what memory and CPUs show; samples of the CPUs that are there already
    /// stay, for a guest that stands shows nothing else. Blocks for about 0.3 s, and for a few seconds
    /// when QEMU does not answer; not on the thread that drains the guest's console.
    void examine(Domain& guest, Examination& seen);

    Arch arch() const noexcept { return arch_; }
    /// Throws a host Error that says why it is not to be had.
    const GuestRam& ram() const;

    /// The kernel in its memory; nothing when there is none, or one so early that its log is not found.
    std::optional<FoundKernel> kernel(const Domain& guest) const;

    /// The kernel's symbols; nothing when no kernel is in its memory, or one so early that they are not
    /// found.
    std::optional<Symbols> symbols(const Domain& guest) const;

    /// How the kernel in its memory describes itself; nothing when there is none, or it is too early.
    std::optional<KernelOfCore> description() const;

    /// Whether a CPU executes a kernel at the kernel's own addresses now. A few milliseconds.
    bool runs_a_kernel(const Domain& guest) const;
    /// What the CPUs run now, or what ran last in the memory of a guest that has gone. A few milliseconds.
    KernelSign kernel_sign(const Domain& guest) const;

    /// The log of a kernel that has not described itself yet, or never will; empty if there is none, or if
    /// the Follower can read it. Some ten milliseconds.
    std::string early_log(const Domain& guest) const;

    /// What the CPUs do of a guest that runs on meanwhile. Blocks for about 0.2 s. Throws a host Error when
    /// it has gone.
    std::vector<CpuActivity> activities(const Domain& guest) const;

    /// @param cell  whose machine it is: has it a text screen, a display, and which medium
    std::shared_ptr<Follower> follow(const Domain& guest, const BootCell& cell) const;

    /// False when QEMU left a question of examine() unanswered: nobody should ask it another.
    bool answered() const noexcept { return answered_; }

private:
    Arch arch_;
    std::shared_ptr<const GuestRam> ram_;
    std::string no_memory_;  ///< why there is none
    std::future<std::vector<std::vector<CpuState>>> sampling_;
    bool answered_ = true;
};

}  // namespace lktest
