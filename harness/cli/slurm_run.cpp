// SPDX-License-Identifier: MIT
#include "harness/cli/slurm_run.hpp"

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
#include "harness/boot/run.hpp"
#include "harness/cli/after_run.hpp"
#include "harness/cli/pace.hpp"
#include "harness/cli/shell.hpp"
#include "harness/cli/terminal.hpp"
#include "harness/cli/timings.hpp"
#include "harness/report/digest.hpp"
#include "harness/report/html.hpp"
#include "harness/report/json.hpp"
#include "harness/report/junit.hpp"
#include "harness/report/live.hpp"
#include "harness/report/merge.hpp"
#include "harness/report/pack.hpp"
#include "harness/slurm/array.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// How long a result may take over the shared file system after Slurm has forgotten its task.
constexpr auto late_result = 10s;
/// How long cancelled tasks have to end in good order; Slurm itself kills them after KillWait, 30 s.
constexpr auto cancel_patience = 60s;
constexpr std::size_t log_lines = 5;

/// One cell on its way through the cluster.
struct Task {
    std::size_t place;  ///< of its cell in the plan
    QueuedTask id{};
    bool running = false;
    std::optional<Clock::time_point> gone{};  ///< since when the queue does not have it
    bool ended = false;
};

std::optional<Outcome> outcome_from_name(std::string_view text) {
    for (int i = 0; i <= static_cast<int>(Outcome::host_setup); ++i)
        if (text == name(static_cast<Outcome>(i)))
            return static_cast<Outcome>(i);
    return std::nullopt;
}

Verdict verdict_of(const SavedCell& cell) {
    return {.outcome = outcome_from_name(cell.outcome).value_or(Outcome::host_setup),
            .reached = cell.reached,
            .missing = cell.missing,
            .reason = cell.reason,
            .evidence = cell.evidence,
            .hint = cell.hint,
            .took = std::chrono::microseconds(static_cast<std::int64_t>(cell.seconds * 1e6))};
}

/// What is asked of each task, quoted for its shell.
std::string common_command(const RunOptions& options, const fs::path& media) {
    constexpr std::array<std::string_view, 10> not_the_tasks{"--engine", "--output",  "--format", "--history",
                                                             "--shard",  "--timings", "--jobs",   "--media",
                                                             "--cell",   "-o"};
    const std::vector<std::string> words(options.command.begin() + 2, options.command.end());
    std::string command = shell_word(fs::read_symlink("/proc/self/exe").string()) + " run";
    for (const std::string& word : without_options(words, not_the_tasks))
        command += " " + shell_word(word);
    if (options.isos.empty())
        command += " --media " + shell_word(media.string());
    return command + " --jobs 1 --history off";
}

/// The tasks in the queue under one name; those that are left are cancelled when this ends.
class Queue {
public:
    explicit Queue(std::string name) : name_(std::move(name)) {}
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;
    ~Queue() {
        if (!empty_)
            cancel();
    }

    const std::string& name() const { return name_; }

    std::string submit(const JobArray& array, const std::string& directory, const std::string& script) {
        empty_ = false;
        const ProcessResult sbatch = run_process(sbatch_command(array, name_, directory, script));
        if (sbatch.status != 0)
            throw host_error(
                fmt::format("Slurm takes no job: {}", sbatch.err),
                "check with: sinfo; sbatch's own variables choose a partition: SBATCH_PARTITION");
        return sbatch.out.substr(0, sbatch.out.find_first_of(";\n"));  // "ID" or "ID;CLUSTER"
    }

    /// Nothing when Slurm does not answer, which may be for a moment.
    std::optional<std::map<QueuedTask, bool>> ask() {
        const ProcessResult squeue = run_process(squeue_command(name_), {.deadline = 30s});
        if (squeue.status != 0)
            return std::nullopt;
        auto tasks = parse_queue(squeue.out);
        empty_ = tasks.empty();
        return tasks;
    }

    void cancel() noexcept {
        try {
            run_process({"scancel", "--name=" + name_}, {.deadline = 30s});
        } catch (const Error&) {
            return;  // tasks end by themselves when nobody waits for them
        }
    }

private:
    std::string name_;
    bool empty_ = true;
};

class SlurmRun {
public:
    SlurmRun(const RunOptions& options, const RunPlan& plan, const RunDirectory& run)
        : options_(options),
          plan_(plan),
          run_(run),
          directory_(fs::absolute(run.path()) / "slurm"),
          usual_(usual_milestones(options)),
          queue_(fmt::format("lktest-{}-{}", run.path().filename().string(), ::getpid())),
          screen_(options.format == RunFormat::text ? stdout : stderr),
          live_(screen_, plan.cells,
                {.terminal = is_terminal(screen_), .verbose = options.verbose, .style = [this] {
                     return style_of(screen_);
                 }}) {
        RunReport planned = report_of_nothing();
        for (const PlannedCell& cell : plan_.cells)
            planned.cells.push_back(cell.not_applicable ? not_applicable(cell.cell, *cell.not_applicable)
                                                        : CellResult{.cell = cell.cell});
        for (CellResult& cell : planned.cells)
            cell.reproduce = reproduce(options_, cell.cell);
        add(planned);
        packed_.resize(plan_.cells.size());
    }

    /// @return the merged run
    SavedRun run() {
        submit(sorted_tasks());
        write_matrix();
        write_page();
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
        runs_.front().complete = true;
        runs_.front().seconds = std::chrono::duration<double>(Clock::now() - began_).count();
        write_matrix();
        write_page();
        std::error_code none;
        if (!any_lost_)  // else the logs of Slurm's tasks are there
            fs::remove_all(directory_, none);
        return read_run(run_.path());
    }

private:
    RunReport report_of_nothing() const {
        RunReport report;
        report.version = LKTEST_VERSION;
        report.started = std::chrono::system_clock::now();
        report.directory = run_.path();
        report.command = options_.command;
        report.host.connection = "slurm";
        return report;
    }

    /// A run that is merged: the plan's, or a verdict that is not a task's own.
    void add(const RunReport& report) {
        runs_.push_back(parse_run(json_report(report), "matrix.json"));
        junits_.push_back(junit_report(report));
    }

    /// Those that ask the same of a node side by side, and of these the longest first.
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

    /// Our own media beside the results, where all nodes see them: as a second name where that can be.
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

    /// Tells the tasks that somebody waits for them.
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
            matrix_pace_.write([this] { write_matrix(); });
        if (page_pace_.may_write(5s))
            page_pace_.write([this] { write_page(); });
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

    /// Takes the task's result when it is whole.
    void harvest(Task& task) {
        const fs::path latest = directory_ / std::to_string(number_of(task)) / "latest";
        std::error_code none;
        if (fs::exists(latest / "matrix.json", none)) {
            try {
                if (SavedRun run = read_run(latest); run.complete && counts(run, task)) {
                    take(task, std::move(run), latest);
                    return;
                }
            } catch (const Error&) {
                // A node failed while it wrote: Slurm begins the task again, or it is given up below.
            }
        }
        if (task.gone && (cancelled_ || Clock::now() - *task.gone > late_result))
            give_up(task);
    }

    /// A task that its node was told to stop is begun again, so its word is not the last one.
    bool counts(const SavedRun& run, const Task& task) const {
        const bool stopped = run.cells.size() == 1 && run.cells.front().outcome_class == "cancelled";
        return run.cells.size() == 1 && (!stopped || task.gone || cancelled_);
    }

    void take(Task& task, SavedRun run, const fs::path& latest) {
        const std::string cell = cell_of(task);
        const fs::path to = run_.path() / cell;
        copy_cell(latest / cell, to);
        packed_[task.place] = pack_cell(to, packed_.size());
        tell_events(to / "events.jsonl", cell);
        junits_.push_back(read_file(latest / "junit.xml"));
        if (runs_.size() == 1) {  // of a cluster's nodes the first that answers
            runs_.front().matrix["host"] = run.matrix["host"];
            runs_.front().matrix["host"]["name"] = "slurm";
        }
        const Verdict verdict = verdict_of(run.cells.front());
        runs_.push_back(std::move(run));
        std::error_code none;
        fs::remove_all(directory_ / std::to_string(number_of(task)), none);
        end(task, verdict);
    }

    void give_up(Task& task) {
        Verdict verdict{.outcome = Outcome::cancelled,
                        .reason = "the run was stopped before this cell ended"};
        if (!cancelled_) {
            any_lost_ = true;
            const fs::path log =
                directory_ / fmt::format("array-{}-{}.log", number_of(task) - task.id.index, task.id.index);
            verdict = {.outcome = Outcome::host_setup,
                       .reason = fmt::format("Slurm ended the task {}_{} without a result", task.id.array,
                                             task.id.index),
                       .evidence = last_lines(log),
                       .hint = fmt::format("see {}", log.string())};
        }
        RunReport report = report_of_nothing();
        report.complete = true;
        const BootCell& cell = plan_.cells[task.place].cell;
        report.cells.push_back({.cell = cell, .verdict = verdict, .reproduce = reproduce(options_, cell)});
        add(report);
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

    void end(Task& task, const Verdict& verdict) {
        const BootCell& cell = plan_.cells[task.place].cell;
        task.ended = true;
        if (options_.format == RunFormat::jsonl)
            put(json_line(cell, verdict));
        live_.ended(cell, verdict);
        matrix_pace_.due = page_pace_.due = true;
    }

    /// The events that the node wrote, each with its cell, as a local run tells them.
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
            put(whole.dump() + "\n");
        }
    }

    static void put(const std::string& line) {
        std::fwrite(line.data(), 1, line.size(), stdout);
        std::fflush(stdout);
    }

    void write_matrix() {
        MergedRun merged = merge(runs_, junits_, options_.command);
        merged.matrix.erase("runs");  // a run for each task says nothing
        matrix_ = merged.matrix.dump(2) + "\n";
        write_file(run_.path() / "matrix.json", matrix_);
        write_file(run_.path() / "junit.xml", merged.junit);
    }

    void write_page() { write_file(run_.path() / "index.html", html_page(matrix_, packed_, usual_)); }

    const RunOptions& options_;
    const RunPlan& plan_;
    const RunDirectory& run_;
    const fs::path directory_;
    const std::string usual_;
    Queue queue_;
    std::FILE* screen_;
    Live live_;
    std::vector<Task> tasks_;
    std::vector<SavedRun> runs_;       ///< the plan, then what is known of cells
    std::vector<std::string> junits_;  ///< of each
    std::vector<std::string> packed_;  ///< of each cell of the plan
    std::string matrix_;
    Pace queue_pace_{.due = true}, matrix_pace_, page_pace_;
    std::optional<Clock::time_point> cancelled_;
    bool any_lost_ = false;
    std::uint64_t beats_ = 0;
    Clock::time_point began_ = Clock::now();
};

}  // namespace

int run_on_slurm(const RunOptions& options, const RunPlan& plan, const RunDirectory& directory) {
    const SavedRun ended = SlurmRun(options, plan, directory).run();
    if (options.format == RunFormat::text)
        fmt::print("{}  report: {}/\n", text_digest(ended, style_of(stdout)),
                   printable(directory.path().string()));
    return exit_status(ended);
}

}  // namespace lktest
