// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// Cells with the same requirements as one Slurm job array: its task i boots cell first + i.
struct JobArray {
    std::size_t first = 0, count = 0;
    unsigned cores = 1;
    std::uint64_t memory = 0;  ///< bytes for each task
    auto operator<=>(const JobArray&) const = default;
};

/// The resources that a cell needs on a node.
struct TaskSize {
    unsigned cores = 1;
    std::uint64_t memory = 0;
    auto operator<=>(const TaskSize&) const = default;
};

/// @param sizes  of the cells, equal ones adjacent
/// @param most  tasks in one array: slurm.conf's MaxArraySize
std::vector<JobArray> job_arrays(const std::vector<TaskSize>& sizes, std::size_t most);

/// MaxArraySize in the output of `scontrol show config`; Slurm's default if it is missing.
std::size_t max_array_size(std::string_view config);

/// The files in DIR/slurm, on the file system that all nodes share. `cells` has the name of one cell per
/// line. `alive` changes as long as the run waits for results. N/ has the run of cell N, and N.log its
/// output. A task ends its cell if `alive` has not changed for a minute.
/// @param directory  DIR/slurm, quoted for a shell
/// @param command  `lktest run` with the options that all cells share, quoted
/// @return the job script; its argument is JobArray::first
std::string job_script(std::string_view directory, std::string_view command);

/// @param name  of the job, which identifies it in the queue
/// @param script  path of the job script
std::vector<std::string> sbatch_command(const JobArray& array, const std::string& name,
                                        const std::string& directory, const std::string& script);

/// The arguments of squeue whose output parse_queue() reads.
std::vector<std::string> squeue_command(const std::string& name);

/// A task that Slurm has not ended yet: its array's id and its index.
struct QueuedTask {
    std::string array;
    std::size_t index = 0;
    auto operator<=>(const QueuedTask&) const = default;
};
/// @return whether each task is running; other lines are ignored
std::map<QueuedTask, bool> parse_queue(std::string_view text);

}  // namespace lktest
