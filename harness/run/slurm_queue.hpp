// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>

#include "harness/slurm/array.hpp"

namespace lktest {

/// The tasks under one name in Slurm's queue. The destructor cancels those that are left.
class SlurmQueue {
public:
    explicit SlurmQueue(std::string name) : name_(std::move(name)) {}
    SlurmQueue(const SlurmQueue&) = delete;
    SlurmQueue& operator=(const SlurmQueue&) = delete;
    ~SlurmQueue();

    /// @return the array's job id. Throws a host Error if Slurm accepts no jobs.
    std::string submit(const JobArray& array, const std::string& directory, const std::string& script);
    /// The queued tasks, and whether each is running. Unset if Slurm does not answer, which may be temporary.
    std::optional<std::map<QueuedTask, bool>> ask();
    void cancel() noexcept;

private:
    std::string name_;
    bool empty_ = true;
};

}  // namespace lktest
