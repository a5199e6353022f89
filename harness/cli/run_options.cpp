// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <array>

#include "builder/base/error.hpp"
#include "harness/boot/host.hpp"
#include "harness/cli/option.hpp"
#include "harness/cli/run.hpp"
#include "harness/cli/shell.hpp"
#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

constexpr std::array<std::string_view, 3> accelerators{"auto", "kvm", "tcg"};
constexpr std::array<std::string_view, 3> networks{"tap", "user", "none"};  // in the order of Network

constexpr std::array<std::string_view, 2> engines{"local", "slurm"};            // in the order of Engine
constexpr std::array<std::string_view, 3> run_formats{"text", "tap", "jsonl"};  // in the order of RunFormat

/// Days are no boot, and chrono must not overflow.
constexpr std::uint64_t longest_timeout = std::uint64_t{7} * 24 * 3600, most_jobs = 1024, most_boots = 100000;

/// The sizes that guests have: 16 MiB to 1 TiB.
std::uint64_t parse_memory(const std::string& word) {
    constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
    const bool gibi = word.ends_with('G');
    const std::string number = gibi || word.ends_with('M') ? word.substr(0, word.size() - 1) : "";
    try {
        return parse_number("--memory", number, gibi ? 1 : 16, gibi ? 1024 : mebibyte) * mebibyte *
               (gibi ? 1024 : 1);
    } catch (const Error&) {
        throw usage_error(fmt::format("--memory cannot be '{}'", word), "give 16M to 1024G: --memory 512M");
    }
}

void add_hardware(CLI::App& app, HardwareAxes& hardware) {
    add_choices(app, "--machine", all_chipsets, hardware.chipsets, "the machine that is emulated",
                "q35, virt");
    add_repeatable(app, "--cpu", "MODEL", "the processor, as libvirt names it", "the best there is",
                   [&hardware](const std::string& word) {
                       if (!is_cpu_model(word))
                           throw usage_error(fmt::format("--cpu cannot be '{}'", word),
                                             "give a model's name: --cpu Nehalem");
                       hardware.cpu_models.push_back(word);
                   });
    add_repeatable(app, "--cpus", "N", "how many processors", "the scenario's",
                   [&hardware](const std::string& word) {
                       hardware.cpus.push_back(static_cast<unsigned>(parse_number("--cpus", word, 1, 255)));
                   });
    add_repeatable(app, "--memory", "SIZE", "the guest's memory: 512M, 2G", "the scenario's",
                   [&hardware](const std::string& word) { hardware.memory.push_back(parse_memory(word)); });
    add_choices(app, "--tables", all_tables, hardware.tables, "how aarch64 machines are described", "acpi");
    add_choices(app, "--tpm", all_tpms, hardware.tpms, "a TPM, by swtpm", "none");
    add_choices(app, "--graphics", all_graphics, hardware.graphics, "the display", "vga, ramfb");
    add_choices(app, "--card", all_cards, hardware.cards, "the network card", "virtio-net");
}

}  // namespace

void add_cells(CLI::App& app, RunOptions& options) {
    add_choices(app, "--arch", all_arches, options.arches, "machines to boot on", "all");
    add_choices(app, "--firmware", all_firmwares, options.firmwares, "what the machines start with",
                "bios and uefi");
    add_choices(app, "--medium", all_media, options.media, "how the ISO is attached", "cdrom");
    add_hardware(app, options.hardware);
    add_repeatable(app, "--iso", "FILE", "the live image", "our own, built when missing or stale",
                   [&options](const std::string& word) { options.isos.emplace_back(word); });
    app.add_option_function<std::vector<std::string>>(
           "FILE",
           [&options](const std::vector<std::string>& words) {
               options.isos.insert(options.isos.end(), words.begin(), words.end());
           },
           "live images, as --iso gives them")
        ->type_name("FILE");
    add_single(app, "--recipe", "RECIPE|FILE", "what our own images are made of", "recovery",
               [&options](const std::string& word) { options.recipe = word; });
    add_repeatable(app, "--scenario", "SCENARIO|FILE", "what a boot must reach", "what suits the ISO",
                   [&options](const std::string& word) { options.scenarios.push_back(word); });
    add_repeatable(app, "--cell", "CELL", "only this cell, by its name in the matrix", "all",
                   [&options](const std::string& word) { options.cells.push_back(word); });
    app.add_flag("--all", options.all, "every firmware, medium and machine, and each other axis once");
    add_single(app, "--reduce", "pairwise", "as few cells as show every two values together", "no",
               [&options](const std::string& word) {
                   constexpr std::array<std::string_view, 1> ways{"pairwise"};
                   choose("--reduce", word, ways);
                   options.pairwise = true;
               });
}

namespace {

void add_append(CLI::App& app, RunOptions& options) {
    add_single(app, "--append", "PARAMETERS", "added to the kernel's command line, in the loader's own menu",
               "nothing", [&options](const std::string& word) {
                   if (const auto why = untypeable(word))
                       throw usage_error(fmt::format("--append {}", *why));
                   options.append += (options.append.empty() ? "" : " ") + word;
               });
}

void add_enroll(CLI::App& app, RunOptions& options) {
    add_repeatable(app, "--enroll", "FILE|microsoft",
                   "whose signatures Secure Boot believes, with firmware uefi-secure", "microsoft",
                   [&options](const std::string& word) { options.enrolled.push_back(word); });
}

void add_host(CLI::App& app, RunOptions& options) {
    add_repeatable(app, "--connect", "URI", "libvirt connections, which share the cells",
                   "a driver inside lktest, no daemon", [&options](const std::string& word) {
                       if (word.find(":/") == std::string::npos)
                           throw usage_error(fmt::format("--connect cannot be '{}'", word),
                                             "give a libvirt URI such as qemu:///system");
                       options.connect.push_back(word);
                   });
    add_single(app, "--accel", alternatives(accelerators), "who executes the guest",
               "auto: KVM once proven, else TCG", [&options](const std::string& word) {
                   constexpr std::array<std::optional<Accel>, 3> values{std::nullopt, Accel::kvm, Accel::tcg};
                   options.accel = values[choose("--accel", word, accelerators)];
               });
    add_single(app, "--network", alternatives(networks), "how guests are networked", "tap",
               [&options](const std::string& word) {
                   constexpr std::array values{Network::tap, Network::user, Network::none};
                   options.network = values[choose("--network", word, networks)];
               });
}

void add_output(CLI::App& app, RunOptions& options) {
    add_single(app, "--output", "DIR", "where each run makes its directory", options.output.string(),
               [&options](const std::string& word) { options.output = word; });
}

}  // namespace

void add_debugged(CLI::App& app, RunOptions& options) {
    add_cells(app, options);
    add_append(app, options);
    add_enroll(app, options);
    add_host(app, options);
    add_output(app, options);
}

void add_run(CLI::App& app, RunOptions& options, const std::string& default_jobs) {
    add_cells(app, options);
    add_append(app, options);
    add_enroll(app, options);
    add_single(app, "--repeat", "N", "boots of each cell, each of which must pass", "1",
               [&options](const std::string& word) {
                   options.trials.repeat =
                       static_cast<unsigned>(parse_number("--repeat", word, 1, most_boots));
               });
    add_single(app, "--retries", "N", "further boots of a cell that failed; it is then flaky", "0",
               [&options](const std::string& word) {
                   options.trials.retries =
                       static_cast<unsigned>(parse_number("--retries", word, 0, most_boots));
               });
    app.add_flag("--early-console", options.trials.early,
                 "boot a cell that fell silent once more, with the kernel's early console");
    app.add_flag("--memory-floor", options.trials.memory_floor,
                 "find the least memory that each cell boots with");
    add_single(app, "--known-failures", "FILE", "failures that are put up with, and until when", "none",
               [&options](const std::string& word) { options.known_failures = word; });
    add_single(app, "--engine", alternatives(engines), "this machine, or the nodes of a Slurm cluster",
               "local", [&options](const std::string& word) {
                   options.engine = static_cast<Engine>(choose("--engine", word, engines));
               });
    add_single(app, "--media", "DIR", "our own media, taken as they are", "built when missing or stale",
               [&options](const std::string& word) { options.media_directory = word; });
    add_single(app, "--jobs", "N", "cells booted at once", default_jobs, [&options](const std::string& word) {
        options.jobs = static_cast<unsigned>(parse_number("--jobs", word, 1, most_jobs));
    });
    add_host(app, options);
    add_single(app, "--timeout", "SECONDS", "a cell's whole time", "the scenario's own deadlines",
               [&options](const std::string& word) {
                   options.timeout =
                       std::chrono::seconds(parse_number("--timeout", word, 1, longest_timeout));
               });
    add_output(app, options);
    add_single(app, "--format", alternatives(run_formats), "what is printed on stdout", "text",
               [&options](const std::string& word) {
                   options.format = static_cast<RunFormat>(choose("--format", word, run_formats));
               });
    add_single(app, "--shard", "K/N", "only the Kth of N parts, which take about as long", "all",
               [&options](const std::string& word) {
                   options.shard = parse_shard(word);
                   if (!options.shard)
                       throw usage_error(fmt::format("--shard cannot be '{}'", word),
                                         "give K/N, such as 1/4, with K from 1 to N");
               });
    add_single(app, "--timings", "DIR", "a run whose times balance the shards", "estimates",
               [&options](const std::string& word) { options.timings = word; });
    add_single(app, "--history", "FILE|off", "where each cell's outcome and times are kept",
               "$XDG_STATE_HOME/lktest/history.db",
               [&options](const std::string& word) { options.history = word; });
    app.add_flag("--watch", options.watch,
                 "build and boot again whenever recipe, root, ISO or scenario change");
    app.add_flag("--allow-host-steps", options.host_steps,
                 "run the commands that a scenario of your own has for this machine");
    app.add_flag("--keep", options.keep, "keep the guests of failed cells, paused, until Ctrl-C");
    app.add_flag("--verbose", options.verbose, "say why things are done so");
}

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
    if (cell.medium != Medium::cdrom)
        add("--medium", name(cell.medium));
    reproduce(add, cell.hardware);
    if (!options.isos.empty())
        add("--iso", cell.image.path.string());
    if (!options.recipe.empty())
        add("--recipe", options.recipe);
    for (const std::string& scenario : options.scenarios)
        if (std::filesystem::path(scenario).stem() == cell.scenario) {
            add("--scenario", scenario);
            break;
        }
    if (!options.append.empty())
        add("--append", options.append);
    if (cell.firmware == Firmware::uefi_secure)
        for (const std::string& certificate : options.enrolled)
            add("--enroll", certificate);
    for (const std::string& uri : options.connect)
        add("--connect", uri);
    if (options.accel)
        add("--accel", name(*options.accel));
    if (options.network != Network::tap)
        add("--network", networks[static_cast<std::size_t>(options.network)]);
    if (options.trials.repeat > 1)
        add("--repeat", std::to_string(options.trials.repeat));
    if (options.trials.memory_floor)
        command += " --memory-floor";
    if (options.host_steps)
        command += " --allow-host-steps";
    if (!options.known_failures.empty())
        add("--known-failures", options.known_failures.string());
    if (options.timeout)
        add("--timeout", std::to_string(options.timeout->count()));
    return command;
}

}  // namespace lktest
