// SPDX-License-Identifier: MIT
#include "harness/cli/gathered_run.hpp"

#include "builder/base/file.hpp"
#include "harness/cli/after_run.hpp"
#include "harness/report/html.hpp"
#include "harness/report/json.hpp"
#include "harness/report/junit.hpp"
#include "harness/report/pack.hpp"
#include "harness/results/run_files.hpp"

namespace lktest {

GatheredRun::GatheredRun(const RunOptions& options, const RunPlan& plan, const RunDirectory& run)
    : options_(options),
      plan_(plan),
      run_(run),
      usual_(usual_milestones(options)),
      packed_(plan.cells.size()) {
    RunReport planned = empty_report();
    for (const PlannedCell& cell : plan_.cells)
        planned.cells.push_back(cell.not_applicable ? not_applicable(cell.cell, *cell.not_applicable)
                                                    : CellResult{.cell = cell.cell});
    for (CellResult& cell : planned.cells)
        cell.reproduce = reproduce(options_, cell.cell);
    add(planned);
}

RunReport GatheredRun::empty_report() const {
    RunReport report;
    report.version = LKTEST_VERSION;
    report.started = std::chrono::system_clock::now();
    report.directory = run_.path();
    report.command = options_.command;
    report.host.connection = "slurm";
    return report;
}

void GatheredRun::add(const RunReport& report) {
    runs_.push_back(parse_run(json_report(report), "matrix.json"));
    junits_.push_back(junit_report(report));
}

void GatheredRun::take(SavedRun run, const std::filesystem::path& from, std::size_t place) {
    const std::string cell = name(plan_.cells[place].cell);
    results::copy_cell(from, cell, run_.path() / cell);
    packed_[place] = pack_cell(run_.path() / cell, packed_.size());
    junits_.push_back(read_file(from / "junit.xml"));
    if (runs_.size() == 1) {  // of a cluster's nodes the first that answers
        runs_.front().matrix["host"] = run.matrix["host"];
        runs_.front().matrix["host"]["name"] = "slurm";
    }
    runs_.push_back(std::move(run));
}

void GatheredRun::judge(std::size_t place, const Verdict& verdict) {
    RunReport report = empty_report();
    report.complete = true;
    const BootCell& cell = plan_.cells[place].cell;
    report.cells.push_back({.cell = cell, .verdict = verdict, .reproduce = reproduce(options_, cell)});
    add(report);
}

void GatheredRun::complete() {
    runs_.front().complete = true;
    runs_.front().seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

void GatheredRun::write_matrix() {
    MergedRun merged = merge(runs_, junits_, options_.command);
    merged.matrix.erase("runs");  // a run for each task says nothing
    matrix_ = merged.matrix.dump(2) + "\n";
    write_file(run_.path() / "matrix.json", matrix_);
    write_file(run_.path() / "junit.xml", merged.junit);
}

void GatheredRun::write_page() {
    write_file(run_.path() / "index.html", html_page(matrix_, packed_, usual_));
}

}  // namespace lktest
