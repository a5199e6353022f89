// SPDX-License-Identifier: MIT
#include "harness/boot/run.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <deque>

#include "harness/boot/bell.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;

/// QEMU's own memory and the guest's firmware, beside guest RAM.
constexpr std::uint64_t overhead_of_a_cell = std::uint64_t{256} << 20;

/// Measured under TCG: UEFI takes longer than BIOS, and reading a kernel through OVMF longest.
int slowness(const BootCell& cell) {
    if (cell.firmware == Firmware::bios)
        return 0;
    return cell.arch == Arch::x86_64 ? 2 : 1;
}

struct Queue {
    std::deque<Assignment> waiting;
    unsigned working = 0;
    Bell done;
};

asio::awaitable<void> work(Host& host, Queue& queue, const RunObserver& observer) {
    while (!queue.waiting.empty()) {
        const Assignment next = std::move(queue.waiting.front());
        queue.waiting.pop_front();
        EventSink sink = [&observer, cell = next.cell](const Event& event) { observer.event(cell, event); };
        Verdict verdict;
        if (host.stop.requested()) {
            verdict.outcome = Outcome::cancelled;
            verdict.reason = "the run was stopped before this cell began";
        } else {
            verdict = co_await boot(host, next.cell, *next.scenario, next.artefacts, std::move(sink));
        }
        observer.verdict(next.cell, verdict);
    }
}

}  // namespace

unsigned default_jobs(unsigned cores, std::uint64_t memory_available, std::uint64_t memory_of_a_cell) {
    const std::uint64_t carried = memory_available / (memory_of_a_cell + overhead_of_a_cell);
    return static_cast<unsigned>(std::clamp<std::uint64_t>(carried, 1, cores + 1));
}

asio::awaitable<void> run_cells(Host& host, std::vector<Assignment> cells, unsigned jobs,
                                const RunObserver& observer) {
    std::ranges::stable_sort(cells, std::greater{}, [](const Assignment& a) { return slowness(a.cell); });
    Queue queue{{cells.begin(), cells.end()}, 0, Bell(host.io)};
    std::exception_ptr fault;
    for (unsigned i = 0; i < std::min<std::size_t>(jobs, cells.size()); ++i) {
        ++queue.working;
        asio::co_spawn(host.io, work(host, queue, observer), [&](std::exception_ptr thrown) {
            // The first fault (a full disk, say) stops what has not begun; the rest ends by itself.
            if (thrown && !fault) {
                fault = thrown;
                host.stop.request();
            }
            --queue.working;
            queue.done.ring();
        });
    }
    while (queue.working > 0)
        co_await queue.done.wait_until(std::chrono::steady_clock::time_point::max());
    if (fault)
        std::rethrow_exception(fault);
}

}  // namespace lktest
