// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "builder/base/file.hpp"

namespace lktest {

/// munged, slurmctld and two nodes n1 and n2 of one core each, on loopback, with separate files and ports.
/// The destructor ends all of it and whatever the nodes execute. Needs root.
class SlurmCluster {
public:
    SlurmCluster();
    SlurmCluster(const SlurmCluster&) = delete;
    SlurmCluster& operator=(const SlurmCluster&) = delete;
    ~SlurmCluster();

    /// Sets SLURM_CONF for child processes from now on, and waits for both nodes.
    /// @return whether they are idle within a minute
    bool ready();

    /// Kills a node and everything on it, and informs Slurm.
    void fail(const std::string& node);

    std::string logs() const;

private:
    /// Runs a daemon as process 1 of a PID namespace, so that none of its processes survives it.
    void start(const std::string& name, std::vector<std::string> command);
    void stop(const std::string& name);

    TempDir directory_;
    std::map<std::string, pid_t> daemons_;
};

}  // namespace lktest
