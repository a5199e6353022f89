// SPDX-License-Identifier: MIT
#include "harness/run/run_inside.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <memory>
#include <unordered_map>

#include "builder/base/beneath.hpp"
#include "builder/base/file.hpp"
#include "harness/boot/control.hpp"
#include "harness/report/json.hpp"
#include "harness/report/live.hpp"
#include "harness/report/pack.hpp"
#include "harness/run/after_run.hpp"
#include "harness/run/decisions.hpp"
#include "harness/run/hold.hpp"
#include "harness/run/image_watch.hpp"
#include "harness/run/pace.hpp"
#include "harness/run/run_floor.hpp"
#include "harness/run/schedule.hpp"
#include "harness/run/timings.hpp"
#include "harness/terminal/terminal.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

using Clock = std::chrono::steady_clock;

std::vector<fs::path> booted_images(const RunPlan& plan) {
    std::vector<fs::path> paths;
    for (const PlannedCell& planned : plan.cells)
        if (!planned.not_applicable)
            paths.push_back(planned.cell.image.path);
    for (const auto& [name, scenario] : plan.scenarios)
        std::ranges::move(inserted_images(scenario.steps), std::back_inserter(paths));
    return paths;
}

/// The report as it grows: shown, and stored as cells end.
class RunReporter {
public:
    /// @param screen  stream for the live view
    RunReporter(const RunInput& input, results::Run report, std::FILE* screen)
        : directory_(input.directory),
          known_(input.plan.known_failures),
          report_(std::move(report)),
          usual_(input.usual),
          format_(input.options.format),
          images_(booted_images(input.plan)),
          live_(screen, input.plan.cells,
                {.terminal = is_terminal(screen), .verbose = input.options.verbose, .style = [screen] {
                     return style_of(screen);
                 }}) {
        packed_.resize(report_.cells.size());
        for (std::size_t i = 0; i < report_.cells.size(); ++i)
            places_.emplace(report_.cells[i].cell.name, i);
        report_.images = images_.begun();
        // If not even this can be written, the run ends before anything boots.
        directory_.write(report_);
        directory_.write_page(report_, {.cells = packed_, .usual = usual_});
    }

    RunObserver observer() {
        return {.event = [this](const BootCell& cell, const Event& event) { note(cell, event); },
                .verdict = [this](const BootCell& cell, const Verdict& verdict) { end(cell, verdict); }};
    }
    void tick() {
        live_.tick();
        write_what_is_due();
    }
    void say(std::string_view line) { live_.say(line); }

    /// The first error that prevented writing.
    const std::optional<Error>& fault() const { return fault_; }
    /// Records an error that does not belong to a cell. The run continues to its end and then fails.
    void note_fault(std::exception_ptr thrown) {
        try {
            std::rethrow_exception(std::move(thrown));
        } catch (const std::exception& fault) {
            note_fault(fault);
        }
    }
    void note_fault(const std::exception& fault) {
        if (fault_)
            return;
        const auto* error = dynamic_cast<const Error*>(&fault);
        fault_ = host_error(fault.what(), error ? error->hint() : "");
        live_.say(fmt::format("lktest: {}", fault.what()));
    }

    /// The report of the completed run.
    results::Run finish() {
        report_.complete = true;
        report_.images = images_.ended();
        update();
        write_page();
        return report_;
    }

private:
    results::CellResult& result(const BootCell& cell) {
        return report_.cells[places_.at(printable(name(cell)))];
    }

    /// Calls `write`. If the disk is full, the verdicts stay in memory and are printed at the end.
    void store(const std::function<void()>& write) {
        try {
            write();
        } catch (const std::exception& fault) {
            note_fault(fault);
        }
    }

    void note(const BootCell& cell, const Event& event) {
        store([&] { directory_.append_event(cell, event); });
        if (format_ == RunFormat::jsonl)
            put_line(json_line(result(cell).cell, event));
        if (event.kind == Event::Kind::attempt)
            first_boots_.try_emplace(result(cell).cell.name, result(cell));
        if (event.kind == Event::Kind::reset || event.kind == Event::Kind::started)
            result(cell).milestones.clear();
        if (event.kind == Event::Kind::started) {  // the cell may have been booted before
            result(cell).steps.clear();
            result(cell).notes.clear();
        }
        if (event.kind == Event::Kind::milestone) {
            auto& reached = result(cell).milestones;
            const auto known =
                std::ranges::find(reached, printable(event.name), &results::MilestoneTime::name);
            if (known == reached.end())
                reached.push_back({printable(event.name), event.at, {std::string(name(event.source))}});
            else
                known->sources.emplace_back(name(event.source));
        }
        if (event.kind == Event::Kind::step)
            result(cell).steps.push_back({printable(event.name), event.at});
        if (event.kind == Event::Kind::note)
            result(cell).notes.push_back(printable(event.text));
        live_.event(cell, event);
    }

    void end(const BootCell& cell, const Verdict& plain) {
        const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
        const results::Ending verdict = in_the_light_of(known_, cell, plain, today);
        results::CellResult& ended = result(cell);
        ended.verdict = verdict;
        if (const auto first = first_boots_.find(ended.cell.name);
            first != first_boots_.end() && !failed_attempts(verdict).empty()) {
            ended.milestones = first->second.milestones;  // the verdict and the files are of that boot
            ended.steps = first->second.steps;
        }
        store([&] {
            const HeldDirectory held(directory_.cell_directory(cell));
            for (const auto& file : fs::directory_iterator(held.path()))
                ended.artefacts.push_back(
                    printable((fs::path(name(cell)) / file.path().filename()).string()));
            std::ranges::sort(ended.artefacts);
            packed_[static_cast<std::size_t>(&ended - report_.cells.data())] =
                pack_cell(held.path(), report_.cells.size());
        });
        if (format_ == RunFormat::jsonl)
            put_line(json_line(ended.cell, verdict));
        live_.ended(cell, verdict);
        matrix_pace_.due = page_pace_.due = true;
        write_what_is_due();
    }

    /// With ten thousand cells both files are megabytes large, so they are written only as often as is cheap.
    void write_what_is_due() {
        if (matrix_pace_.may_write({}))
            update();
        if (page_pace_.may_write(std::chrono::seconds(5)))
            write_page();
    }

    void update() {
        report_.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_);
        matrix_pace_.write([this] { store([this] { directory_.write(report_); }); });
    }

    /// The run does not depend on a reader of these lines.
    static void put_line(const std::string& line) {
        std::fwrite(line.data(), 1, line.size(), stdout);
        std::fflush(stdout);
    }

    void write_page() {
        page_pace_.write([this] {
            store([this] { directory_.write_page(report_, {.cells = packed_, .usual = usual_}); });
        });
    }

    const RunDirectory& directory_;
    const std::vector<KnownFailure>& known_;
    results::Run report_;
    std::unordered_map<std::string, std::size_t> places_;  ///< index of each cell in the report, by name
    std::unordered_map<std::string, results::CellResult> first_boots_;  ///< of cells that are booted again
    const std::string& usual_;
    const RunFormat format_;
    ImageWatch images_;
    std::vector<std::string> packed_;  ///< what the page holds of each cell
    Pace matrix_pace_, page_pace_;
    std::optional<Error> fault_;
    Live live_;
    Clock::time_point began_ = Clock::now();
};

constexpr std::array<std::string_view, 3> network_names{"tap", "user", "none"};

results::Run empty_report(const RunInput& input, const Connection& libvirt) {
    results::Run report;
    report.version = LKTEST_VERSION;
    report.started = std::chrono::system_clock::now();
    report.directory = input.directory.path();
    report.command = input.options.command;
    report.host.qemu = libvirt.qemu_version();
    report.host.libvirt = libvirt.libvirt_version();
    report.host.connection = input.options.connect.empty()
                                 ? "embedded"
                                 : fmt::format("{}", fmt::join(input.options.connect, ", "));
    std::array<char, 256> machine{};
    if (::gethostname(machine.data(), machine.size() - 1) == 0)
        report.host.name = machine.data();
    report.host.network = network_names[static_cast<std::size_t>(input.options.network)];
    for (const auto& [arch, choice] : input.accel)
        report.host.accelerators.push_back(
            {std::string(name(arch)), std::string(name(choice.accel)), choice.why});
    for (const PlannedCell& planned : input.plan.cells) {
        results::CellResult result{.cell = planned.cell};
        if (planned.not_applicable)
            result = results::not_applicable(planned.cell, *planned.not_applicable);
        result.reproduce = reproduce(input.options, planned.cell);
        report.cells.push_back(std::move(result));
    }
    return report;
}

/// @param over  set once the run has ended; the references may then be dangling
asio::awaitable<void> repaint(asio::steady_timer& timer, RunReporter& reporter,
                              std::shared_ptr<const bool> over) {
    boost::system::error_code stopped;
    while (!stopped && !*over) {
        reporter.tick();
        timer.expires_after(std::chrono::milliseconds(200));
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
    }
}

/// The first Ctrl-C ends every cell cleanly. The second one stops the loop and sets `at_once`.
asio::awaitable<void> obey_signals(asio::io_context& io, asio::signal_set& signals, Stop& stop, bool& at_once,
                                   std::shared_ptr<const bool> over) {
    boost::system::error_code closed;
    co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, closed));
    if (closed || *over)
        co_return;
    stop.request();
    co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, closed));
    if (closed || *over)
        co_return;
    at_once = true;
    io.stop();
}

/// Runs the loop to the end. If a handler throws, no cell can be blamed, so the running cells still finish.
void run_to_the_end(asio::io_context& io, RunReporter& reporter, Stop& stop) {
    for (bool ended = false; !ended;) {
        try {
            io.run();
            ended = true;
        } catch (const std::exception& fault) {
            reporter.note_fault(fault);
            stop.request();
        }
    }
}

}  // namespace

int run_inside(const RunInput& input, const fs::path& private_directory) {
    RunFloor floor(input, private_directory);
    const MachineSize& size = floor.size;
    const unsigned jobs = floor.jobs;
    asio::io_context& io = floor.io;
    Host& host = floor.host;
    std::vector<Assignment> cells;
    for (const PlannedCell& planned : input.plan.cells)
        if (!planned.not_applicable)
            cells.push_back({planned.cell, &floor.scenarios.at(planned.cell.scenario),
                             input.directory.cell_directory(planned.cell)});

    // Reserve memory for other programs, for QEMU's overhead, and for kept guests.
    const std::uint64_t for_kept = input.options.keep ? size.memory_available / 2 : 0;
    host.guests.keep_up_to(for_kept);
    const Capacity capacity{.jobs = jobs,
                            .cores = std::max(jobs, size.cores),
                            .memory = (size.memory_available - for_kept) / 10 * 9};
    const fs::path timings_file = cache_directory() / "timings.json";
    const Timings timings = read_timings(timings_file);
    cells = longest_first(std::move(cells), timings);
    std::vector<std::string> decisions = firmware_decisions(input.firmware, cells);
    if (!floor.place.why.empty())
        decisions.push_back("QEMU runs as root: " + floor.place.why);
    else if (floor.place.users)
        decisions.push_back("each guest's QEMU runs as a separate user");
    decisions.push_back(jobs_decision(jobs, input.options.jobs, size, floor.cell_memory));
    std::ranges::move(schedule_decisions(cells, timings), std::back_inserter(decisions));
    const Control control(io, input.directory.path(), host.guests);

    results::Run report;
    std::optional<Error> fault;
    bool at_once = false;
    {
        std::FILE* screen = input.options.format == RunFormat::text ? stdout : stderr;
        RunReporter reporter(input, empty_report(input, floor.libvirt.connections().front()), screen);
        for (const auto& [arch, choice] : input.accel)
            reporter.say(
                choice.accel == Accel::tcg
                    ? fmt::format("{} guests are emulated (about ten times slower): {}", name(arch),
                                  choice.why)
                    : fmt::format("{} guests run on {}: {}", name(arch), name(choice.accel), choice.why));
        if (input.options.verbose)
            for (const std::string& decision : decisions)
                reporter.say(decision);
        const RunObserver observer = reporter.observer();
        asio::steady_timer timer(io);
        asio::signal_set signals(io, SIGINT, SIGTERM, SIGHUP);
        const auto over = std::make_shared<bool>(false);
        const auto ended = [&](std::exception_ptr thrown) {
            if (thrown)
                reporter.note_fault(thrown);
            *over = true;  // a coroutine that is already woken may run after this block
            boost::system::error_code ignored;
            timer.cancel();
            signals.cancel(ignored);
            io.stop();  // libvirt's own timers never end
        };
        asio::co_spawn(io, repaint(timer, reporter, over), asio::detached);
        asio::co_spawn(io, obey_signals(io, signals, floor.stop, at_once, over), asio::detached);
        asio::co_spawn(io, run_cells(host, std::move(cells), capacity, input.options.trials, observer),
                       ended);
        run_to_the_end(io, reporter, floor.stop);
        if (!at_once)
            report = reporter.finish();
        fault = reporter.fault();
    }
    if (at_once)  // do not wait: guests and network die with the jail
        std::_Exit(static_cast<int>(ExitCode::boot_failed));
    remember_timings(timings_file, report);
    after_run(input.options, report);
    hold_kept(floor, input);
    floor.workers.join();
    io.restart();
    io.poll();  // releases coroutines that still look at a guest
    if (fault)
        throw Error(*fault);
    return static_cast<int>(exit_code(report));
}

}  // namespace lktest
