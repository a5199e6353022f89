// SPDX-License-Identifier: MIT
#include "harness/run/gathered_run.hpp"

#include <utility>

#include "harness/report/pack.hpp"
#include "harness/results/run_files.hpp"
#include "harness/run/after_run.hpp"

namespace lktest {

GatheredRun::GatheredRun(const RunOptions& options, const RunPlan& plan, const RunDirectory& directory)
    : directory_(directory), usual_(usual_milestones(options)), packed_(plan.cells.size()) {
    run_.version = LKTEST_VERSION;
    run_.started = std::chrono::system_clock::now();
    run_.directory = directory.path();
    run_.command = options.command;
    run_.host.connection = "slurm";
    for (const PlannedCell& planned : plan.cells) {
        results::CellResult cell{.cell = planned.cell};
        if (planned.not_applicable)
            cell = results::not_applicable(planned.cell, *planned.not_applicable);
        cell.reproduce = reproduce(options, planned.cell);
        run_.cells.push_back(std::move(cell));
    }
}

void GatheredRun::take(results::Run run, std::size_t place) {
    results::CellResult& cell = run_.cells[place];
    const std::filesystem::path to = directory_.path() / cell.cell.name;
    results::copy_cell(run.directory, cell.cell.name, to);
    packed_[place] = pack_cell(to, packed_.size());
    if (run_.host.name.empty()) {  // the facts of the first node to answer
        run_.host = std::move(run.host);
        run_.host.name = "slurm";
    }
    results::add_images(run_, run);
    results::CellResult& result = run.cells.front();
    result.cell = cell.cell;
    result.reproduce = cell.reproduce;
    cell = std::move(result);
}

void GatheredRun::judge(std::size_t place, const Verdict& verdict) {
    run_.cells[place].verdict = verdict;
}

void GatheredRun::complete() {
    run_.complete = true;
}

void GatheredRun::write_matrix() {
    run_.took =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began_);
    directory_.write(run_);
}

void GatheredRun::write_page() const {
    directory_.write_page(run_, {.cells = packed_, .usual = usual_});
}

}  // namespace lktest
