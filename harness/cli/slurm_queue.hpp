// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>

#include "harness/slurm/array.hpp"

namespace lktest {

/// The tasks in Slurm's queue under one name; those that are left are cancelled when this ends.
class SlurmQueue {
public:
    explicit SlurmQueue(std::string name) : name_(std::move(name)) {}
    SlurmQueue(const SlurmQueue&) = delete;
    SlurmQueue& operator=(const SlurmQueue&) = delete;
    ~SlurmQueue();

    /// @return the array's job id. Throws a host Error when Slurm takes no job.
    std::string submit(const JobArray& array, const std::string& directory, const std::string& script);
    /// The tasks that are queued, and whether they run. Nothing when Slurm does not answer, which may be for
    /// a moment.
    std::optional<std::map<QueuedTask, bool>> ask();
    void cancel() noexcept;

private:
    std::string name_;
    bool empty_ = true;
};

}  // namespace lktest
