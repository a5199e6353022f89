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

/// Cells that ask the same of a node, as one Slurm job array: its task i boots cell first + i.
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

/// @param sizes  of the cells, those alike side by side
/// @param most  tasks in one array: slurm.conf's MaxArraySize
std::vector<JobArray> job_arrays(const std::vector<TaskSize>& sizes, std::size_t most);

/// MaxArraySize in what `scontrol show config` prints; Slurm's default if it is missing.
std::size_t max_array_size(std::string_view config);

/// The files in DIR/slurm, on the file system that all nodes share: `cells` has the name of a cell on each
/// line, `alive` changes as long as somebody waits for the results, N/ has the run of cell N, N.log what it
/// printed. A task ends its cell when `alive` has not changed for a minute.
/// @param directory  DIR/slurm, quoted for a shell
/// @param command  `lktest run` with all that the cells have in common, quoted
/// @return the job script, which is given JobArray::first
std::string job_script(std::string_view directory, std::string_view command);

/// @param name  of the job, by which it is found in the queue
/// @param script  where job_script() lies
std::vector<std::string> sbatch_command(const JobArray& array, const std::string& name,
                                        const std::string& directory, const std::string& script);

/// The arguments of squeue that give what parse_queue() reads.
std::vector<std::string> squeue_command(const std::string& name);

/// A task that Slurm has not ended: its array's id and its index.
struct QueuedTask {
    std::string array;
    std::size_t index = 0;
    auto operator<=>(const QueuedTask&) const = default;
};
/// @return of each task whether it runs by now; lines that are something else are passed over
std::map<QueuedTask, bool> parse_queue(std::string_view text);

}  // namespace lktest
