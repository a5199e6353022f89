// SPDX-License-Identifier: MIT
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/diagnosis.hpp"
#include "harness/diagnose/find_printk.hpp"
#include "harness/machine/domain.hpp"
#include "harness/machine/guest_ram.hpp"

namespace lktest {

/// Reads the log of a running kernel as it grows.
class LogFollower {
public:
    LogFollower(std::shared_ptr<const GuestRam> ram, Arch arch) : ram_(std::move(ram)), arch_(arch) {}

    /// What came since the last call, as dmesg prints it; empty before the kernel has described
    /// itself. Takes milliseconds until then, and a fraction of one from then on.
    std::string poll();

private:
    std::shared_ptr<const GuestRam> ram_;
    Arch arch_;
    std::optional<FoundKernel> kernel_;
    std::optional<std::uint64_t> next_;
};

/// Looks at a guest from outside: its memory, which is mapped from the beginning and stays when
/// the guest has gone, and its CPUs. It is to be destroyed after the guest: a question that QEMU
/// never answered ends only then.
class Onlooker {
public:
    /// For a guest that has just been created, when QEMU's monitor is known to answer. Never
    /// throws: what is not to be had is told by examine().
    Onlooker(const Domain& guest, Arch arch);

    /// Pauses the guest and fills in what memory and CPUs show. Blocks for about 0.3 s, and for a few seconds
    /// when QEMU does not answer; not on the thread that drains the guest's console.
    void examine(Domain& guest, Examination& seen);

    /// Nothing when the guest's memory is not to be had.
    std::shared_ptr<LogFollower> follow_log() const;

    /// False when QEMU left a question of examine() unanswered: nobody should ask it another.
    bool answered() const noexcept { return answered_; }

private:
    void read_log(Examination& seen, const std::optional<PageTables>& hint) const;

    Arch arch_;
    std::shared_ptr<const GuestRam> ram_;
    std::string no_memory_;  ///< why there is none
    std::future<std::vector<std::vector<CpuState>>> sampling_;
    bool answered_ = true;
};

}  // namespace lktest
