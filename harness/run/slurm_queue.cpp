// SPDX-License-Identifier: MIT
#include "harness/run/slurm_queue.hpp"

#include <fmt/format.h>

#include "builder/base/error.hpp"
#include "builder/base/process.hpp"

namespace lktest {

using namespace std::chrono_literals;

SlurmQueue::~SlurmQueue() {
    if (!empty_)
        cancel();
}

std::string SlurmQueue::submit(const JobArray& array, const std::string& directory,
                               const std::string& script) {
    empty_ = false;
    const ProcessResult sbatch = run_process(sbatch_command(array, name_, directory, script));
    if (sbatch.status != 0)
        throw host_error(fmt::format("Slurm accepts no jobs: {}", sbatch.err),
                         "check with sinfo; to choose a partition, set sbatch's SBATCH_PARTITION");
    return sbatch.out.substr(0, sbatch.out.find_first_of(";\n"));  // "ID" or "ID;CLUSTER"
}

std::optional<std::map<QueuedTask, bool>> SlurmQueue::ask() {
    const ProcessResult squeue = run_process(squeue_command(name_), {.deadline = 30s});
    if (squeue.status != 0)
        return std::nullopt;
    auto tasks = parse_queue(squeue.out);
    empty_ = tasks.empty();
    return tasks;
}

void SlurmQueue::cancel() noexcept {
    try {
        run_process({"scancel", "--name=" + name_}, {.deadline = 30s});
    } catch (const Error&) {
        return;  // the tasks end by themselves when no run waits for them
    }
}

}  // namespace lktest
