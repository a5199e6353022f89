// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "harness/boot/host.hpp"
#include "harness/run/run.hpp"
#include "harness/run/shell.hpp"

namespace lktest {
namespace {

template <typename Add>
void reproduce(const Add& add, const Hardware& hardware) {
    if (hardware.chipset)
        add("--machine", name(*hardware.chipset));
    if (!hardware.cpu.empty())
        add("--cpu", hardware.cpu);
    if (hardware.cpus)
        add("--cpus", std::to_string(*hardware.cpus));
    if (hardware.memory)
        add("--memory", fmt::format("{}M", *hardware.memory >> 20));
    if (hardware.tables)
        add("--tables", name(*hardware.tables));
    if (hardware.tpm)
        add("--tpm", name(*hardware.tpm));
    if (hardware.graphics)
        add("--graphics", name(*hardware.graphics));
    if (hardware.card)
        add("--card", name(*hardware.card));
    if (hardware.trust)
        add("--trust", name(*hardware.trust));
    if (!hardware.sbat.empty())
        add("--sbat", hardware.sbat);
}

template <typename Add>
void reproduce_keys(const Add& add, const RunOptions& options) {
    for (const std::string& certificate : options.enrolled)
        add("--enroll", certificate);
    for (const std::string& list : options.dbx)
        add("--dbx", list);
    for (const std::string& certificate : options.mok)
        add("--mok", certificate);
}

}  // namespace

std::string reproduce(const RunOptions& options, const BootCell& cell) {
    return "lktest run " + reproducing_options(options, cell);
}

std::string reproducing_options(const RunOptions& options, const BootCell& cell) {
    std::string command = fmt::format("--arch {} --firmware {}", name(cell.arch), name(cell.firmware));
    const auto add = [&command](std::string_view option, std::string_view value) {
        command += fmt::format(" {} {}", option, shell_word(value));
    };
    if (cell.medium != plain_medium)
        add("--medium", name(cell.medium));
    reproduce(add, cell.hardware);
    for (const auto& [image_name, path] : options.isos)
        if (path == cell.image.path) {
            add("--iso", image_name.empty() ? path.string() : image_name + "=" + path.string());
            break;
        }
    if (!options.recipe.empty())
        add("--recipe", options.recipe);
    if (!options.kernel.empty())
        add("--kernel", options.kernel.string());
    if (!options.kernel_tree.empty())
        add("--kernel-tree", options.kernel_tree.string());
    if (!options.initrd.empty())
        add("--initrd", options.initrd.string());
    if (!options.rootfs.empty())
        add("--rootfs", options.rootfs);
    for (const std::string& scenario : options.scenarios)
        if (std::filesystem::path(scenario).stem() == cell.scenario) {
            add("--scenario", scenario);
            break;
        }
    if (!options.append.empty())
        add("--append", options.append);
    if (row_of(cell.firmware).secure_boot)
        reproduce_keys(add, options);
    if (!options.firmware_directory.empty())
        add("--firmware-dir", options.firmware_directory.string());
    for (const std::filesystem::path& medium : options.then)
        add("--then", medium.string());
    for (const std::string& uri : options.connect)
        add("--connect", uri);
    if (options.accel)
        add("--accel", name(*options.accel));
    if (options.network != Network::tap)
        add("--network", network_names[static_cast<std::size_t>(options.network)]);
    if (options.trials.repeat > 1)
        add("--repeat", std::to_string(options.trials.repeat));
    if (options.trials.memory_floor)
        command += " --memory-floor";
    if (options.keep_countdown)
        command += " --keep-countdown";
    if (options.host_steps)
        command += " --allow-host-steps";
    if (!options.known_failures.empty())
        add("--known-failures", options.known_failures.string());
    if (options.timeout)
        add("--timeout", std::to_string(options.timeout->count()));
    return command;
}

}  // namespace lktest
