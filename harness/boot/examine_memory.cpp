// SPDX-License-Identifier: MIT
#include "harness/boot/examine_memory.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "builder/base/confined.hpp"
#include "harness/diagnose/cpu_activity.hpp"
#include "harness/diagnose/find_printk.hpp"
#include "harness/diagnose/kernel_entry.hpp"
#include "harness/diagnose/look_inside.hpp"
#include "harness/diagnose/packed_examination.hpp"

namespace lktest {
namespace {

using Samples = std::vector<std::vector<CpuState>>;

std::optional<PageTables> tables_in(const Samples& samples) {
    for (const std::vector<CpuState>& moment : samples)
        if (const auto tables = kernel_tables(moment))
            return tables;
    return std::nullopt;
}

bool entered_kernel(const GuestMemory& memory, Arch arch, const Examination& seen) {
    // A BIOS does not clear memory that was loaded before a reset.
    if (seen.reset_loop && is_pc(arch) && in_kernel_entry(memory, arch, x86_kernel_entry))
        return true;
    // A loader that has loaded a kernel still calls its BIOS or takes interrupts. A kernel's entry code does
    // neither.
    const auto of_loader = [](const CpuState& cpu) {
        return cpu.mode == CpuState::Mode::real || (cpu.mode == CpuState::Mode::flat && cpu.takes_interrupts);
    };
    if (std::ranges::any_of(seen.samples, [&](const std::vector<CpuState>& moment) {
            return std::ranges::any_of(moment, of_loader);
        }))
        return false;
    return !seen.samples.empty() && std::ranges::any_of(seen.samples.back(), [&](const CpuState& cpu) {
        return cpu.mode != CpuState::Mode::real && cpu.mode != CpuState::Mode::user &&
               in_kernel_entry(memory, arch, cpu.pc);
    });
}

void look_at_memory(const GuestMemory& memory, Arch arch, Examination& seen) {
    look_at_firmware(memory, seen);
    const std::vector<FoundKernel> kernels = find_kernels(memory, arch, tables_in(seen.samples));
    std::optional<PageTables> tables;
    if (kernels.empty()) {
        seen.untold.emplace_back("the kernel's log: not found in the guest's memory");
        seen.kernel_entered = seen.kernel_entered || entered_kernel(memory, arch, seen);
    } else if (auto log = read_printk(memory, kernels.front().log, Unfinished::take)) {
        seen.log_found = true;
        seen.log_by_shape = !kernels.front().by_vmcoreinfo;
        seen.kernel = kernels.front().release;
        seen.log = std::move(log->records);
        tables = kernels.front().tables;
        look_inside(memory, kernels.front(), arch, seen);
    }
    if (hides_waiting(arch))
        for (std::vector<CpuState>& moment : seen.samples)
            mark_waiting(moment, memory, tables);
}

}  // namespace

void examine_memory(const GuestRam& ram, Arch arch, Examination& seen) {
    // Opened again for reading only.
    const UniqueFd memory(::open(fmt::format("/proc/self/fd/{}", ram.file()).c_str(), O_RDONLY | O_CLOEXEC));
    std::vector<RamRange> layout = ram.layout();
    ConfinedLimits limits;
    limits.memory += ram.size();  // which is mapped
    try {
        const std::array files{memory ? memory.get() : ram.file()};
        const std::string answer = run_confined("memory", files, packed(layout, arch, seen), limits);
        Examination found;
        if (!unpack(answer, found))
            throw ConfinedFailure("the process that reads it sent a garbled answer");
        seen = std::move(found);
    } catch (const Error& error) {
        seen.untold.push_back(fmt::format("the guest's memory: cannot inspect it ({})", error.what()));
    }
}

std::string examine_memory_job(std::span<const int> files, std::string_view input) {
    std::vector<RamRange> layout;
    Arch arch{};
    Examination seen;
    if (files.empty() || !unpack(input, layout, arch, seen))
        throw host_error("the request to inspect a guest's memory is garbled");
    const GuestRam ram{UniqueFd(files[0]), std::move(layout)};
    look_at_memory(ram.written(), arch, seen);
    return packed(seen);
}

}  // namespace lktest
