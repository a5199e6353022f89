// SPDX-License-Identifier: MIT
#include "harness/run/schedule.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <list>

#include "harness/boot/bell.hpp"
#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;

/// Memory for QEMU and the guest's firmware, in addition to the guest's RAM.
constexpr std::uint64_t overhead_of_a_cell = std::uint64_t{256} << 20;

/// A cell that has not started, and its needs.
struct Waiting {
    Assignment assignment;
    Capacity share;
};

/// Tracks the resources in use.
class Ledger {
public:
    explicit Ledger(Capacity all) : all_(all), taken_{0, 0, 0} {}

    /// A cell may always run alone, whatever it needs.
    bool has_room(const Capacity& share) const {
        return taken_.jobs == 0 ||
               (taken_.jobs + share.jobs <= all_.jobs && taken_.cores + share.cores <= all_.cores &&
                taken_.memory + share.memory <= all_.memory);
    }
    void take(const Capacity& share) {
        taken_ = {taken_.jobs + share.jobs, taken_.cores + share.cores, taken_.memory + share.memory};
    }
    void give_back(const Capacity& share) {
        taken_ = {taken_.jobs - share.jobs, taken_.cores - share.cores, taken_.memory - share.memory};
    }
    bool idle() const { return taken_.jobs == 0; }

private:
    Capacity all_, taken_;
};

asio::awaitable<void> boot_one(Host& host, Assignment next, Trials trials, const RunObserver& observer) {
    EventSink sink = [&observer, cell = next.cell](const Event& event) { observer.event(cell, event); };
    Verdict verdict;
    try {
        verdict =
            co_await boot_trials(host, next.cell, *next.scenario, next.artefacts, trials, std::move(sink));
    } catch (const std::exception& fault) {
        verdict = host_fault(fault);
    }
    observer.verdict(next.cell, verdict);
}

Verdict not_begun() {
    return {.outcome = Outcome::cancelled, .reason = "the run was stopped before this cell started"};
}

}  // namespace

unsigned default_jobs(unsigned cores, std::uint64_t memory_available, std::uint64_t memory_of_a_cell) {
    const std::uint64_t carried = memory_available / (memory_of_a_cell + overhead_of_a_cell);
    return static_cast<unsigned>(std::clamp<std::uint64_t>(carried, 1, cores + 1));
}

Capacity share_of(const BootCell& cell, const Scenario& general) {
    const Scenario scenario = scenario_for(general, cell);
    return {1, scenario.machine.cpus, scenario.machine.memory + overhead_of_a_cell};
}

std::vector<Assignment> longest_first(std::vector<Assignment> cells, const Timings& timings) {
    const auto time = [&timings](const Assignment& assignment) -> std::chrono::milliseconds {
        const auto known = timings.find(name(assignment.cell));
        return known == timings.end() ? usual_time(assignment.cell) : known->second;
    };
    std::ranges::stable_sort(cells, std::greater{}, time);
    return cells;
}

asio::awaitable<void> run_cells(Host& host, std::vector<Assignment> cells, Capacity capacity, Trials trials,
                                const RunObserver& observer) {
    Ledger ledger(capacity);
    Bell done(host.io);
    std::exception_ptr fault;
    std::list<Waiting> queue;
    for (Assignment& cell : cells) {
        const Capacity share = share_of(cell.cell, *cell.scenario);
        queue.push_back({std::move(cell), share});
    }
    while (!queue.empty() || !ledger.idle()) {
        if (host.stop.requested()) {
            for (const Waiting& waiting : queue)
                observer.verdict(waiting.assignment.cell, not_begun());
            queue.clear();
        }
        const auto next = std::ranges::find_if(
            queue, [&ledger](const Waiting& waiting) { return ledger.has_room(waiting.share); });
        if (next == queue.end()) {
            if (!ledger.idle())
                co_await done.wait_until(std::chrono::steady_clock::time_point::max());
            continue;
        }
        const Capacity share = next->share;
        ledger.take(share);
        Assignment assignment = std::move(next->assignment);
        queue.erase(next);
        asio::co_spawn(host.io, boot_one(host, std::move(assignment), trials, observer),
                       [&, share](std::exception_ptr thrown) {
                           // A cell's own faults are verdicts. This error comes from the observer and cancels
                           // the cells that have not started.
                           if (thrown && !fault) {
                               fault = thrown;
                               host.stop.request();
                           }
                           ledger.give_back(share);
                           done.ring();
                       });
    }
    if (fault)
        std::rethrow_exception(fault);
}

}  // namespace lktest
