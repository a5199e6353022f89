// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/machine/accel.hpp"
#include "harness/matrix/cell.hpp"
#include "harness/matrix/shard.hpp"
#include "harness/matrix/trials.hpp"

namespace CLI {
class App;
}

namespace lktest {

enum class Network;  // harness/boot/host.hpp
struct RunInput;     // harness/cli/run_inside.hpp
struct RunPlan;      // harness/cli/run_plan.hpp

/// What stdout is for; anything but text moves the live view to stderr.
enum class RunFormat { text, tap, jsonl };

/// Where cells are booted: on this machine, or each as a task of a Slurm job array.
enum class Engine { local, slurm };

/// What the user asked of `lktest run`. Empty lists: the default.
struct RunOptions {
    std::vector<Arch> arches;
    std::vector<Firmware> firmwares;
    std::vector<Medium> media;
    HardwareAxes hardware;
    bool all = false;                         ///< every value of the axes that nothing is asked of
    bool pairwise = false;                    ///< only as many cells as show each two values together
    std::vector<std::filesystem::path> isos;  ///< empty: our own, built when missing or stale
    std::string recipe;                       ///< of our own: a name or a path; empty: the recovery system's
    std::vector<std::string> scenarios;       ///< names or paths; empty: what suits the ISO
    std::string append;                       ///< added to the kernel's command line in the loader's menu
    std::vector<std::string> enrolled;        ///< certificates for the firmware's store; see SecureKeys::db
    Trials trials;
    std::filesystem::path known_failures;  ///< empty: none
    Engine engine = Engine::local;
    std::filesystem::path media_directory;        ///< our own media, as they are there; empty: built
    std::optional<unsigned> jobs;                 ///< nothing: what cores and memory carry
    std::vector<std::string> connect;             ///< libvirt URIs; none: the embedded driver
    std::optional<Accel> accel;                   ///< nothing: KVM where it is proven to work
    Network network{};                            ///< tap
    std::optional<std::chrono::seconds> timeout;  ///< for each cell
    std::filesystem::path output = "lktest-results";
    RunFormat format = RunFormat::text;
    std::string history;             ///< an SQLite file, or "off"; empty: the default one
    std::optional<Shard> shard;      ///< nothing: all of the matrix
    std::filesystem::path timings;   ///< a run whose times balance the shards; empty: estimates
    std::vector<std::string> cells;  ///< names that the plan must have; empty: all
    std::vector<std::string> only;   ///< names of cells of an earlier run; empty: all
    bool host_steps = false;         ///< commands of scenarios that did not come with lktest may run here
    bool watch = false;              ///< again and again, whenever what is booted has changed
    bool keep = false;               ///< the guests of failed cells stay until Ctrl-C
    bool verbose = false;
    std::vector<std::string> command;  ///< as the user gave it, for the report
};

/// Assigns the options of `run`, `matrix` or `debug` to the sections of their help.
void group_options(CLI::App& app);

/// The options that choose cells.
void add_cells(CLI::App& app, RunOptions& options);

/// The options that choose the cell that is debugged, and where.
void add_debugged(CLI::App& app, RunOptions& options);

/// @param default_jobs  how many cells this machine carries at once, in words: "3 on this machine"
void add_run(CLI::App& app, RunOptions& options, const std::string& default_jobs);

/// The options of `lktest run` that run this cell alone, with every option of the run that matters to it.
std::string reproducing_options(const RunOptions& options, const BootCell& cell);

/// The command that runs this cell alone.
std::string reproduce(const RunOptions& options, const BootCell& cell);

/// How a run came to its end.
struct RunEnd {
    int status = 0;
    std::filesystem::path directory;
};

/// Whether a connection leads, or may lead, to another machine.
bool on_other_machines(const RunOptions& options);

/// Finds firmware and accelerators for a plan, builds what is stale, and makes the run's directory. Throws
/// when the cells cannot have what they need. Then `work` is done in the jail.
RunEnd in_run(
    const RunOptions& options, RunPlan plan,
    const std::function<int(const RunInput&, const std::filesystem::path& private_directory)>& work);

/// Boots the matrix. Returns the exit status.
int run(const RunOptions& options);

}  // namespace lktest
