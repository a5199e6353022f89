// SPDX-License-Identifier: MIT
#include "harness/boot/trials.hpp"

#include <fmt/format.h>

#include "builder/base/file.hpp"
#include "harness/boot/boot.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

/// A cell's boots so far.
class Series {
public:
    Series(Host& host, BootCell cell, const Scenario& scenario, fs::path artefacts, EventSink sink)
        : host_(host),
          cell_(std::move(cell)),
          scenario_(scenario),
          artefacts_(std::move(artefacts)),
          sink_(std::move(sink)) {}

    /// @param memory  bytes; 0 for the cell's own size
    /// @param label   what distinguishes this boot from the others; empty if it is the only one so far
    asio::awaitable<void> boot_once(std::uint64_t memory, std::string label) {
        if (!label.empty())
            sink_({.at = boots_.empty() ? std::chrono::microseconds() : boots_.back().took,
                   .kind = Event::Kind::attempt,
                   .name = std::move(label),
                   .text = {}});
        BootCell cell = cell_;
        if (memory != 0)
            cell.hardware.memory = memory;
        fs::path directory = artefacts_;
        if (!boots_.empty()) {
            directory /= fmt::format("boot-{}", boots_.size() + 1);
            make_directories(directory);
        }
        Verdict verdict = co_await boot(host_, cell, scenario_, directory, sink_);
        std::error_code ignored;
        if (!boots_.empty() && verdict.outcome == Outcome::passed && boots_.back().outcome == Outcome::passed)
            fs::remove_all(directory, ignored);
        boots_.push_back(std::move(verdict));
    }

    /// Boots with an early console and the firmware's log. This boot does not count, so its milestones are
    /// not reported.
    asio::awaitable<Verdict> boot_talking() {
        Scenario scenario = scenario_;
        scenario.boot.append +=
            (scenario.boot.append.empty() ? "" : " ") + std::string(machine_of(cell_.arch).early_console);
        scenario.machine.firmware_log = true;
        const fs::path directory = artefacts_ / "early";
        make_directories(directory);
        sink_({.at = boots_.back().took,
               .kind = Event::Kind::step,
               .name = "boot again",
               .text = "with an early console"});
        const EventSink untold = [](const Event&) {};
        co_return co_await boot(host_, cell_, scenario, directory, untold);
    }

    void note_no_retry() {
        sink_({.at = boots_.back().took,
               .kind = Event::Kind::note,
               .name = "retries",
               .text = "not booted again, because lktest inspect finds the cause on the medium"});
    }

    const std::vector<Verdict>& boots() const { return boots_; }
    bool last_passed() const { return boots_.back().outcome == Outcome::passed; }
    bool stopped() const { return boots_.back().outcome == Outcome::cancelled; }

private:
    Host& host_;
    BootCell cell_;
    const Scenario& scenario_;
    fs::path artefacts_;
    EventSink sink_;
    std::vector<Verdict> boots_;
};

}  // namespace

asio::awaitable<Verdict> boot_trials(Host& host, BootCell cell, const Scenario& scenario, fs::path artefacts,
                                     Trials trials, EventSink sink) {
    const std::uint64_t all_memory = cell.hardware.memory.value_or(scenario.machine.memory);
    Series series(host, std::move(cell), scenario, std::move(artefacts), std::move(sink));
    if (trials.memory_floor) {
        MemorySearch search(all_memory);
        while (const auto memory = search.next()) {
            std::string label = fmt::format("with {} MiB", *memory >> 20);
            co_await series.boot_once(*memory, std::move(label));
            if (series.stopped())
                co_return series.boots().back();
            search.tried(*memory, series.last_passed());
        }
        co_return of_memory_search(search, series.boots());
    }
    for (unsigned i = 0; i < trials.repeat; ++i) {
        std::string label = trials.repeat > 1 ? fmt::format("boot {} of {}", i + 1, trials.repeat) : "";
        co_await series.boot_once(0, std::move(label));
        if (series.stopped())
            co_return series.boots().back();
    }
    if (trials.repeat > 1)
        co_return of_repetitions(series.boots());
    if (trials.early && fell_silent(series.boots().back())) {
        const Verdict again = co_await series.boot_talking();
        co_return again.outcome == Outcome::cancelled ? again
                                                      : of_early_console(series.boots().back(), again);
    }
    const unsigned most = trials.retries + 1;
    for (unsigned number = 2; number <= most && worth_retrying(series.boots().back()); ++number) {
        std::string label = attempt_name(number, most);
        co_await series.boot_once(0, std::move(label));
    }
    if (trials.retries > 0 && series.boots().back().on_medium)
        series.note_no_retry();
    co_return of_retries(series.boots(), most);
}

}  // namespace lktest
