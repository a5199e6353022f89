// SPDX-License-Identifier: MIT
#include "harness/run/slurm_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "harness/report/json.hpp"
#include "harness/report/live.hpp"
#include "harness/results/json.hpp"
#include "harness/run/after_run.hpp"
#include "harness/run/gathered_run.hpp"
#include "harness/run/pace.hpp"
#include "harness/run/schedule.hpp"
#include "harness/run/shell.hpp"
#include "harness/run/slurm_queue.hpp"
#include "harness/run/timings.hpp"
#include "harness/terminal/terminal.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// How long a result may take to arrive over the shared file system after Slurm has forgotten its task.
constexpr auto late_result = 10s;
/// How long cancelled tasks have to end cleanly. Slurm itself kills them after KillWait, 30 s.
constexpr auto cancel_patience = 60s;
constexpr std::size_t log_lines = 5;

/// One cell on its way through the cluster.
struct Task {
    std::size_t place;  ///< index of its cell in the plan
    QueuedTask id{};
    bool running = false;
    std::optional<Clock::time_point> gone{};  ///< when it disappeared from the queue
    bool ended = false;
};

/// The command that all tasks share, quoted for their shell.
std::string common_command(const RunOptions& options, const fs::path& media) {
    constexpr std::array<std::string_view, 11> not_the_tasks{"--engine", "--output",  "--format", "--history",
                                                             "--shard",  "--timings", "--jobs",   "--media",
                                                             "--cell",   "-o",        "-j"};
    const std::vector<std::string> words(options.command.begin() + 2, options.command.end());
    std::string command = shell_word(fs::read_symlink("/proc/self/exe").string()) + " run";
    for (const std::string& word : without_options(words, not_the_tasks))
        command += " " + shell_word(word);
    if (options.isos.empty())
        command += " --media " + shell_word(media.string());
    return command + " --jobs 1 --history off";
}

class SlurmRun {
public:
    SlurmRun(const RunOptions& options, const RunPlan& plan, const RunDirectory& run)
        : options_(options),
          plan_(plan),
          run_(run),
          directory_(fs::absolute(run.path()) / "slurm"),
          gathered_(options, plan, run),
          queue_(fmt::format("lktest-{}-{}", run.path().filename().string(), ::getpid())),
          screen_(options.format == RunFormat::text ? stdout : stderr),
          live_(screen_, plan.cells,
                {.terminal = is_terminal(screen_), .verbose = options.verbose, .style = [this] {
                     return style_of(screen_);
                 }}) {}

    /// @return the whole run
    results::Run run() {
        submit(sorted_tasks());
        gathered_.write_matrix();
        gathered_.write_page();
        boost::asio::io_context io(1);
        boost::asio::signal_set signals(io, SIGINT, SIGTERM, SIGHUP);
        signals.async_wait([this](const boost::system::error_code& error, int) {
            if (!error)
                cancel();
        });
        while (std::ranges::any_of(tasks_, [](const Task& task) { return !task.ended; })) {
            io.restart();
            io.run_for(200ms);
            look();
        }
        gathered_.complete();
        gathered_.write_matrix();
        gathered_.write_page();
        std::error_code none;
        if (!any_lost_)  // otherwise it holds the logs of Slurm's tasks
            fs::remove_all(directory_, none);
        return gathered_.run();
    }

private:
    /// Groups tasks with the same requirements, the longest first within each group.
    std::vector<TaskSize> sorted_tasks() {
        std::vector<Assignment> cells;
        std::map<std::string, std::size_t> places;
        for (std::size_t i = 0; i < plan_.cells.size(); ++i) {
            const BootCell& cell = plan_.cells[i].cell;
            if (plan_.cells[i].not_applicable)
                continue;
            places.emplace(name(cell), i);
            cells.push_back({cell, &plan_.scenarios.at(cell.scenario), {}});
        }
        cells = longest_first(std::move(cells), read_timings(cache_directory() / "timings.json"));
        std::vector<std::pair<TaskSize, std::size_t>> sized;
        for (const Assignment& assignment : cells) {
            const Capacity share = share_of(assignment.cell, *assignment.scenario);
            sized.push_back({{share.cores, share.memory}, places.at(name(assignment.cell))});
        }
        std::ranges::stable_sort(sized, {}, &std::pair<TaskSize, std::size_t>::first);
        std::vector<TaskSize> sizes;
        for (const auto& [size, place] : sized) {
            sizes.push_back(size);
            tasks_.push_back({.place = place});
        }
        return sizes;
    }

    void submit(const std::vector<TaskSize>& sizes) {
        const fs::path media = fs::absolute(run_.path()) / "media", script = directory_ / "task.sh";
        make_directories(directory_);
        if (options_.isos.empty())
            give_media(media);
        std::string names;
        for (const Task& task : tasks_)
            names += cell_of(task) + "\n";
        write_file(directory_ / "cells", names);
        write_file(script, job_script(shell_word(directory_.string()), common_command(options_, media)));
        beat();
        const ProcessResult config = run_process({"scontrol", "show", "config"}, {.deadline = 30s});
        for (const JobArray& array : job_arrays(sizes, max_array_size(config.out))) {
            const std::string id = queue_.submit(array, directory_.string(), script.string());
            live_.say(fmt::format("Slurm's job {} has {} of the cells, each with {} {} and {} MiB", id,
                                  array.count, array.cores, array.cores == 1 ? "core" : "cores",
                                  array.memory >> 20));
            for (std::size_t i = 0; i < array.count; ++i)
                tasks_[array.first + i].id = {id, i};
        }
    }

    /// Puts our own media next to the results, where all nodes can read them. Uses hard links if possible.
    void give_media(const fs::path& media) const {
        make_directories(media);
        for (const PlannedCell& planned : plan_.cells) {
            const fs::path& image = planned.cell.image.path;
            const fs::path given = media / image.filename();
            std::error_code error;
            if (planned.not_applicable || fs::exists(given, error))
                continue;
            fs::copy(image, given, fs::copy_options::recursive | fs::copy_options::create_hard_links, error);
            if (error) {
                fs::remove_all(given, error);
                fs::copy(image, given, fs::copy_options::recursive, error);
            }
            if (error)
                throw system_error(fmt::format("cannot copy {}", image.string()), error.value());
        }
    }

    std::string cell_of(const Task& task) const { return name(plan_.cells[task.place].cell); }
    std::size_t number_of(const Task& task) const { return static_cast<std::size_t>(&task - tasks_.data()); }

    /// Tells the tasks that the run is still waiting for them.
    void beat() { write_file(directory_ / "alive", std::to_string(++beats_) + "\n"); }

    void cancel() {
        if (!cancelled_)
            queue_.cancel();
        cancelled_ = cancelled_.value_or(Clock::now());
    }

    void look() {
        if (queue_pace_.may_write(1s)) {
            beat();
            queue_pace_.write([this] { ask_queue(); });
        }
        queue_pace_.due = true;
        for (Task& task : tasks_)
            if (!task.ended && (task.running || task.gone))
                harvest(task);
        if (cancelled_ && Clock::now() - *cancelled_ > cancel_patience)
            for (Task& task : tasks_)
                if (!task.ended)
                    give_up(task);
        live_.tick();
        if (matrix_pace_.may_write({}))
            matrix_pace_.write([this] { gathered_.write_matrix(); });
        if (page_pace_.may_write(5s))
            page_pace_.write([this] { gathered_.write_page(); });
    }

    void ask_queue() {
        const auto queued = queue_.ask();
        if (!queued)
            return;
        for (Task& task : tasks_) {
            if (task.ended)
                continue;
            const auto known = queued->find(task.id);
            if (known == queued->end()) {
                task.gone = task.gone.value_or(Clock::now());
                continue;
            }
            task.gone.reset();
            if (known->second && !task.running)
                live_.event(plan_.cells[task.place].cell, {.kind = Event::Kind::started, .name = "slurm"});
            task.running = known->second;
        }
    }

    /// Collects the task's result once it is complete.
    void harvest(Task& task) {
        const fs::path latest = directory_ / std::to_string(number_of(task)) / "latest";
        std::error_code none;
        if (fs::exists(latest / "matrix.json", none)) {
            try {
                if (results::Run run = results::read_run(latest); run.complete && counts(run, task)) {
                    take(task, std::move(run));
                    return;
                }
            } catch (const Error&) {
                // the node failed while writing: Slurm restarts the task, or the code below gives it up
            }
        }
        if (task.gone && (cancelled_ || Clock::now() - *task.gone > late_result))
            give_up(task);
    }

    /// Slurm restarts a task whose node had to stop, so the result of such a task is not final.
    bool counts(const results::Run& run, const Task& task) const {
        if (run.cells.size() != 1 || !run.cells.front().verdict)
            return false;
        return !run.cells.front().unproven() || task.gone || cancelled_;
    }

    void take(Task& task, results::Run run) {
        const results::Ending ending = *run.cells.front().verdict;
        gathered_.take(std::move(run), task.place);
        tell_events(run_.path() / cell_of(task) / "events.jsonl", cell_of(task));
        std::error_code none;
        fs::remove_all(directory_ / std::to_string(number_of(task)), none);
        end(task, ending);
    }

    void give_up(Task& task) {
        Verdict verdict{.outcome = Outcome::cancelled,
                        .reason = "the run was stopped before this cell ended"};
        if (!cancelled_) {
            any_lost_ = true;
            const fs::path log =
                directory_ / fmt::format("array-{}-{}.log", number_of(task) - task.id.index, task.id.index);
            verdict = {.outcome = Outcome::host_setup,
                       .reason = fmt::format("Slurm's task {}_{} ended without a result", task.id.array,
                                             task.id.index),
                       .evidence = last_lines(log),
                       .hint = fmt::format("see {}", log.string())};
        }
        gathered_.judge(task.place, verdict);
        end(task, verdict);
    }

    static std::vector<std::string> last_lines(const fs::path& log) {
        std::vector<std::string> lines;
        std::ifstream file(log);
        for (std::string line; std::getline(file, line);) {
            lines.push_back(line);
            if (lines.size() > log_lines)
                lines.erase(lines.begin());
        }
        return lines;
    }

    void end(Task& task, const results::Ending& ending) {
        const BootCell& cell = plan_.cells[task.place].cell;
        task.ended = true;
        if (options_.format == RunFormat::jsonl)
            put(json_line(results::Cell(cell), ending));
        live_.ended(cell, ending);
        matrix_pace_.due = page_pace_.due = true;
    }

    /// Reports the events that the node wrote, with their cell, as a local run would.
    void tell_events(const fs::path& file, const std::string& cell) const {
        std::ifstream lines(file);
        if (options_.format != RunFormat::jsonl)
            return;
        for (std::string line; std::getline(lines, line);) {
            const Json event = Json::parse(line, nullptr, false);
            if (!event.is_object())
                continue;
            Json whole{{"cell", cell}};
            whole.update(event);
            put(json_output(whole) + "\n");
        }
    }

    static void put(const std::string& line) {
        std::fwrite(line.data(), 1, line.size(), stdout);
        std::fflush(stdout);
    }

    const RunOptions& options_;
    const RunPlan& plan_;
    const RunDirectory& run_;
    const fs::path directory_;
    GatheredRun gathered_;
    SlurmQueue queue_;
    std::FILE* screen_;
    Live live_;
    std::vector<Task> tasks_;
    Pace queue_pace_{.due = true}, matrix_pace_, page_pace_;
    std::optional<Clock::time_point> cancelled_;
    bool any_lost_ = false;
    std::uint64_t beats_ = 0;
};

}  // namespace

int run_on_slurm(const RunOptions& options, const RunPlan& plan, const RunDirectory& directory) {
    const results::Run ended = SlurmRun(options, plan, directory).run();
    after_run(options, ended);
    return static_cast<int>(exit_code(ended));
}

}  // namespace lktest
