// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "builder/base/file.hpp"

namespace lktest {

/// munged, slurmctld and two nodes n1 and n2 of one core each, on loopback, with files and ports of their
/// own. All of it, and whatever the nodes execute, ends with this. Needs root.
class SlurmCluster {
public:
    SlurmCluster();
    SlurmCluster(const SlurmCluster&) = delete;
    SlurmCluster& operator=(const SlurmCluster&) = delete;
    ~SlurmCluster();

    /// Sets SLURM_CONF for what this program executes from now on, and waits for both nodes.
    /// @return whether they are idle within a minute
    bool ready();

    /// Kills a node with everything on it, and has Slurm know of it.
    void fail(const std::string& node);

    std::string logs() const;

private:
    /// Runs a daemon as process 1 of a PID namespace: no process of it outlives it.
    void start(const std::string& name, std::vector<std::string> command);
    void stop(const std::string& name);

    TempDir directory_;
    std::map<std::string, pid_t> daemons_;
};

}  // namespace lktest
