// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/platform.hpp"
#include "harness/machine/accel.hpp"
#include "harness/matrix/cell.hpp"
#include "harness/matrix/shard.hpp"
#include "harness/matrix/trials.hpp"
#include "harness/results/run_files.hpp"

namespace lktest {

enum class Network;  // harness/boot/host.hpp
struct RunInput;     // harness/run/run_inside.hpp
struct RunPlan;      // harness/run/run_plan.hpp

/// The format of stdout. With any format but text, the live view goes to stderr.
enum class RunFormat { text, tap, jsonl };

/// The names of Network's values, in their order.
inline constexpr std::array<std::string_view, 3> network_names{"tap", "user", "none"};

/// Where cells are booted: on this machine, or each as a task of a Slurm job array.
enum class Engine { local, slurm };

/// Options of `lktest run`. Empty lists select the default.
struct RunOptions {
    std::vector<Arch> arches;
    std::vector<Firmware> firmwares;
    std::vector<Medium> media;
    HardwareAxes hardware;
    bool all = false;       ///< every value of the axes that the user did not set
    bool pairwise = false;  ///< the fewest cells that contain every pair of values
    std::vector<Image>
        isos;  ///< an unnamed one is named after its file; empty for our own, built if missing or stale
    std::string recipe;                  ///< name or path of our recipe; empty for the recovery system
    std::filesystem::path kernel;        ///< an image to boot instead of a medium; empty for none
    std::filesystem::path kernel_tree;   ///< a kernel's build tree instead of it
    std::filesystem::path initrd;        ///< empty for lktest's own
    std::string rootfs;                  ///< mounted by lktest's own initramfs; empty for none
    std::vector<std::string> scenarios;  ///< names or paths; empty to choose one that fits the ISO
    std::string append;                  ///< added to the kernel's command line in the loader's menu
    std::vector<std::string> enrolled;   ///< certificates to enroll in the firmware; see SecureKeys::db
    std::vector<std::string> dbx, mok;   ///< see SecureKeys
    /// See find_unpacked_firmware(); empty for the host's firmware.
    std::filesystem::path firmware_directory;
    std::vector<std::filesystem::path> then;  ///< media to boot afterwards on the same machine, in this order
    Trials trials;
    std::filesystem::path known_failures;  ///< empty if there is none
    Engine engine = Engine::local;
    std::filesystem::path media_directory;        ///< prebuilt media of our own; empty to build them
    std::optional<unsigned> jobs;                 ///< unset for the limit of cores and memory
    std::vector<std::string> connect;             ///< libvirt URIs; empty for the embedded driver
    std::optional<Accel> accel;                   ///< unset for KVM where a test guest runs under it
    Network network{};                            ///< tap
    std::optional<std::chrono::seconds> timeout;  ///< for each cell
    std::filesystem::path output = results::default_directory;
    RunFormat format = RunFormat::text;
    std::string history;             ///< an SQLite file, or "off"; empty for the default file
    std::optional<Shard> shard;      ///< unset for the whole matrix
    std::filesystem::path timings;   ///< a run whose durations balance the shards; empty for estimates
    std::vector<std::string> cells;  ///< cells that the plan must have; empty for all
    std::vector<std::string> only;   ///< cells of an earlier run to boot; empty for all
    bool keep_countdown = false;     ///< boot menus count down to their end
    bool host_steps = false;         ///< allow host commands of scenarios that lktest did not ship
    bool watch = false;              ///< boot again whenever an input changes
    bool keep = false;               ///< keep the guests of failed cells until Ctrl-C
    bool verbose = false;
    std::vector<std::string> command;  ///< the user's command line, for the report
};

/// The options of `lktest run` that boot only this cell, including every option that affects it.
std::string reproducing_options(const RunOptions& options, const BootCell& cell);

/// The command that boots only this cell.
std::string reproduce(const RunOptions& options, const BootCell& cell);

/// How a run ended.
struct RunEnd {
    int status = 0;
    std::filesystem::path directory;
};

/// Whether a connection leads, or may lead, to another machine.
bool on_other_machines(const RunOptions& options);

/// Finds firmware and accelerators for a plan, builds what is stale, and creates the run's directory. Throws
/// if the cells' requirements cannot be met. Then runs `work` in the jail.
RunEnd in_run(
    const RunOptions& options, RunPlan plan,
    const std::function<int(const RunInput&, const std::filesystem::path& private_directory)>& work);

/// Boots the matrix. Returns the exit status.
int run(const RunOptions& options);

}  // namespace lktest
