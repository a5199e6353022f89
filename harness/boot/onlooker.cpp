// SPDX-License-Identifier: MIT
#include "harness/boot/onlooker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "harness/boot/examine_memory.hpp"
#include "harness/diagnose/cpu_activity.hpp"
#include "harness/diagnose/dmesg.hpp"
#include "harness/diagnose/look_inside.hpp"
#include "harness/diagnose/text_cells.hpp"

namespace lktest {
namespace {

constexpr std::size_t sample_count = 8;
constexpr auto between_samples = std::chrono::milliseconds(25);
/// A working monitor answers within milliseconds, or within a second on a busy host.
constexpr auto monitor_patience = std::chrono::seconds(5);

using Samples = std::vector<std::vector<CpuState>>;

std::vector<CpuState> cpus_of(const Domain& guest, Arch arch) {
    return cpu_states(guest.ask("info registers -a"), arch);
}

Samples sample_cpus(const Domain& guest, Arch arch, std::size_t count) {
    Samples samples;
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0)
            std::this_thread::sleep_for(between_samples);
        samples.push_back(cpus_of(guest, arch));
    }
    return samples;
}

/// The last sample is from the paused guest and stays true. If the guest is already paused, there is only
/// one.
Samples sample_and_suspend(Domain& guest, Arch arch) {
    Samples samples;
    if (guest.running()) {
        samples = sample_cpus(guest, arch, sample_count - 1);
        std::this_thread::sleep_for(between_samples);
    }
    guest.suspend();
    samples.push_back(cpus_of(guest, arch));
    return samples;
}

std::vector<std::string> disks_in_words(const Domain::DeviceUse& use) {
    std::vector<std::string> words;
    for (const Domain::DeviceUse::Disk& disk : use.disks)
        words.push_back(disk.reads == 0
                            ? fmt::format("the disk {} was never read", disk.name)
                            : fmt::format("the disk {}: {} KiB read in {} requests, {} KiB written",
                                          disk.name, disk.bytes_read >> 10, disk.reads,
                                          disk.bytes_written >> 10));
    return words;
}

std::vector<std::string> cards_in_words(const Domain::DeviceUse& use) {
    std::vector<std::string> words;
    for (const Domain::DeviceUse::Card& card : use.cards)
        words.push_back(card.packets_sent == 0
                            ? fmt::format("the guest has sent no packets over {}", card.name)
                            : fmt::format("the guest has sent {} packets over {}, and received {}",
                                          card.packets_sent, card.name, card.packets_received));
    return words;
}

}  // namespace

const FoundKernel* Follower::kernel() {
    using Clock = std::chrono::steady_clock;
    constexpr int share = 100;
    if (const auto begin = Clock::now(); !kernel_ && begin >= search_again_) {
        kernel_ = find_described_kernel(ram_->written(), arch_);
        const auto end = Clock::now();
        search_again_ = end + (share - 1) * (end - begin);
    }
    return kernel_ ? &*kernel_ : nullptr;
}

std::vector<std::string> Follower::tty1() {
    constexpr unsigned rarest = 32;  // a kernel may have no terminals at all
    if (!ram_)
        return {};
    const FoundKernel* found = kernel();
    if (!found || !found->tables)
        return {};
    if (terminal_) {
        if (auto rows = read_terminal(ram_->whole(), *found->tables, *terminal_))
            return *rows;
        terminal_.reset();
    }
    if (until_search_ > 0) {
        --until_search_;
        return {};
    }
    until_search_ = std::min(rarest, ++searches_);
    const GuestMemory memory = ram_->written();
    terminal_ = find_tty1(memory, *found->tables);
    return terminal_ ? read_terminal(memory, *found->tables, *terminal_).value_or(std::vector<std::string>())
                     : std::vector<std::string>();
}

std::vector<std::string> Follower::display() {
    std::vector<std::string> rows;
    if (peek_)
        rows = rows_of_cells(peek_(text_screen_address, 2 * text_screen_columns * text_screen_rows),
                             text_screen_columns);
    if (rows.empty() && pixels_)
        rows = pixels_->rows();
    return rows;
}

std::string Follower::log() {
    if (!ram_)
        return "";
    if (!kernel())
        return "";
    const auto log = read_printk(ram_->whole(), kernel_->log, Unfinished::wait, next_);
    if (!log) {
        kernel_.reset();  // it moved, or it was not a kernel
        return "";
    }
    next_ = log->next_id;
    return dmesg(log->records);
}

std::shared_ptr<Follower> Onlooker::follow(const Domain& guest, const BootCell& cell) const {
    const bool pc = !is_uefi(cell.firmware);
    std::optional<DisplayText> pixels;
    if (cell.hardware.graphics != Graphics::none)
        pixels.emplace(guest.camera(), cell.image.path, pc ? guest.peek() : Domain::Peek());
    return std::make_shared<Follower>(ram_, arch_, pc ? guest.peek() : Domain::Peek(), std::move(pixels));
}

Onlooker::Onlooker(const Domain& guest, Arch arch, Memory wanted) : arch_(arch) {
    try {
        UniqueFd memory = guest.memory();
        std::vector<RamRange> layout = ram_layout(guest.ask("info mtree -f"));
        if (!memory && wanted == Memory::copied_if_need_be)
            memory = copy_memory(guest.peek(), layout);
        if (!memory)
            no_memory_ = "this process may not read the guest's memory";
        else if (layout.empty())
            no_memory_ = "QEMU did not report the location of the guest's memory";
        else
            ram_ = std::make_shared<GuestRam>(std::move(memory), std::move(layout));
    } catch (const Error& error) {
        no_memory_ = error.what();
    }
}

void Onlooker::examine(Domain& guest, Examination& seen) {
    sampling_ = std::async(std::launch::async, sample_and_suspend, std::ref(guest), arch_);
    answered_ = sampling_.wait_for(monitor_patience) == std::future_status::ready;
    if (!answered_) {
        seen.untold.emplace_back("the activity of the CPUs: QEMU's monitor does not answer");
    } else {
        try {
            const bool were_taken = !seen.samples.empty();
            Samples samples = sampling_.get();
            if (!were_taken)
                seen.samples = std::move(samples);
            const Domain::DeviceUse use = guest.device_use();
            seen.disks = disks_in_words(use);
            if (seen.network.empty())
                seen.network = cards_in_words(use);
        } catch (const Error&) {
            seen.untold.emplace_back(seen.samples.empty()
                                         ? "the activity of the CPUs: the guest has gone"
                                         : "reads from the disks: libvirt does not report them");
        }
    }
    if (ram_)
        examine_memory(*ram_, arch_, seen);
    else
        seen.untold.push_back("the kernel's log: " + no_memory_);
}

const GuestRam& Onlooker::ram() const {
    if (!ram_)
        throw host_error(no_memory_,
                         "QEMU can write it in kdump's format, to a file whose name does not end in .elf");
    return *ram_;
}

std::optional<FoundKernel> Onlooker::kernel(const Domain& guest) const {
    if (!ram_)
        return std::nullopt;
    std::vector<FoundKernel> kernels =
        find_kernels(ram_->written(), arch_, kernel_tables(cpus_of(guest, arch_)));
    return kernels.empty() ? std::nullopt : std::optional(std::move(kernels.front()));
}

std::optional<std::string> Onlooker::symbol_file(const Domain& guest) const {
    const auto found = kernel(guest);
    if (!found)
        return std::nullopt;
    const GuestMemory memory = ram_->written();
    const auto symbols = kernel_symbols(memory, *found);
    return symbols ? std::optional(kernel_symbol_file(memory, *found, *symbols, arch_)) : std::nullopt;
}

std::optional<KernelOfCore> Onlooker::description() const {
    if (!ram_)
        return std::nullopt;
    const GuestMemory memory = ram_->written();
    const auto kernel = find_described_kernel(memory, arch_);
    if (!kernel)
        return std::nullopt;
    const Vmcoreinfo& words = *kernel->description;
    KernelOfCore described{
        .vmcoreinfo = words.whole(), .utsname = {}, .phys_base = words.number("phys_base")};
    const auto space = words.symbol("init_uts_ns"), names = words.offset("uts_namespace.name");
    if (space && names)
        described.utsname =
            AddressSpace{.memory = &memory, .tables = kernel->tables, .image_offset = kernel->image_offset}
                .bytes_at(*space + *names, utsname_size);
    return described;
}

bool Onlooker::runs_a_kernel(const Domain& guest) const {
    return std::ranges::any_of(cpus_of(guest, arch_), [](const CpuState& cpu) {
        return cpu.mode == CpuState::Mode::system && in_kernel_half(cpu.pc);
    });
}

KernelSign Onlooker::kernel_sign(const Domain& guest) const {
    try {
        if (guest.running())
            return lktest::kernel_sign(cpus_of(guest, arch_));
    } catch (const Error&) {
        // It has gone, or its monitor does not answer.
    }
    if (!ram_)
        return KernelSign::unknown;
    return find_kernels(ram_->written(), arch_).empty() ? KernelSign::loader : KernelSign::kernel;
}

std::string Onlooker::early_log(const Domain& guest) const {
    if (!ram_)
        return "";
    const GuestMemory memory = ram_->written();
    if (find_described_kernel(memory, arch_))
        return "";
    const std::vector<FoundKernel> kernels =
        find_kernels(memory, arch_, kernel_tables(cpus_of(guest, arch_)));
    if (kernels.empty())
        return "";
    const auto log = read_printk(memory, kernels.front().log, Unfinished::take);
    return log ? dmesg(log->records) : "";
}

std::vector<CpuActivity> Onlooker::activities(const Domain& guest) const {
    Samples samples = sample_cpus(guest, arch_, sample_count);
    if (hides_waiting(arch_) && ram_) {
        const GuestMemory memory = ram_->written();
        const auto kernel = find_described_kernel(memory, arch_);
        for (std::vector<CpuState>& moment : samples)
            mark_waiting(moment, memory, kernel ? kernel->tables : std::nullopt);
    }
    return cpu_activities(samples);
}

}  // namespace lktest
