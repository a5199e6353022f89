// SPDX-License-Identifier: MIT
#include "harness/cli/run_options.hpp"

#include <fmt/format.h>

#include <array>

#include "builder/base/error.hpp"
#include "harness/boot/host.hpp"
#include "harness/cli/option.hpp"
#include "harness/matrix/expand.hpp"
#include "harness/matrix/sbat_wish.hpp"
#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

constexpr std::array<std::string_view, 3> accelerators{"auto", "kvm", "tcg"};

constexpr std::array<std::string_view, 2> engines{"local", "slurm"};            // in the order of Engine
constexpr std::array<std::string_view, 3> run_formats{"text", "tap", "jsonl"};  // in the order of RunFormat

/// A boot does not take days, and chrono must not overflow.
constexpr std::uint64_t longest_timeout = std::uint64_t{7} * 24 * 3600, most_jobs = 1024, most_boots = 100000;

/// "bios, uefi"
std::string default_firmwares() {
    std::string text;
    for (const FirmwareRow& row : firmware_rows)
        if (row.by_default)
            text += (text.empty() ? "" : ", ") + std::string(row.name);
    return text;
}

constexpr std::uint64_t least_memory = std::uint64_t{16} << 20, most_memory = std::uint64_t{1} << 40;

/// @param word  levels between commas, or a file whose name may have commas
void add_levels(const std::string& word, std::vector<std::string>& levels) {
    const auto whole = sbat_wish(word);
    for (const std::string& one : whole ? std::vector{*whole} : comma_separated(word)) {
        if (!sbat_wish(one))
            throw usage_error(
                fmt::format("--sbat cannot be '{}'", one),
                "use none, latest, the date of a level such as 2025021800, or a file that exists");
        levels.push_back(one);
    }
}

void add_hardware(CLI::App& app, HardwareAxes& hardware) {
    add_choices(app, "--machine", all_chipsets, hardware.chipsets, "chipset", "q35, virt");
    add_repeatable(app, "--cpu", "MODEL", "CPU model, as libvirt names it", "best available",
                   [&hardware](const std::string& word) {
                       if (!is_cpu_model(word))
                           throw usage_error(fmt::format("--cpu cannot be '{}'", word),
                                             "use the name of a model, such as --cpu Nehalem");
                       hardware.cpu_models.push_back(word);
                   });
    add_repeatable(app, "--cpus", "N", "number of CPUs", "from the scenario",
                   [&hardware](const std::string& word) {
                       hardware.cpus.push_back(static_cast<unsigned>(parse_number("--cpus", word, 1, 255)));
                   });
    add_repeatable(app, "--memory", "SIZE", "guest memory, such as 512M or 2G", "from the scenario",
                   [&hardware](const std::string& word) {
                       hardware.memory.push_back(parse_size("--memory", word, least_memory, most_memory));
                   });
    add_choices(app, "--tables", all_tables, hardware.tables, "hardware description on aarch64", "acpi");
    add_choices(app, "--tpm", all_tpms, hardware.tpms, "TPM, emulated by swtpm", "none");
    add_choices(app, "--graphics", all_graphics, hardware.graphics, "display", "vga, ramfb");
    add_choices(app, "--card", all_cards, hardware.cards, "network card", "virtio-net");
    add_choices(app, "--trust", all_trusts, hardware.trusts,
                "keys of Secure Boot: Microsoft's CA of 2011, of 2023, both, or --enroll's alone",
                "the firmware package's");
    add_repeatable(app, "--sbat", "none|latest|DATE|FILE", "SBAT revocations that the machine has seen",
                   "none", [&hardware](const std::string& word) { add_levels(word, hardware.sbats); });
}

/// The sections of `lktest run --help`; `matrix` and `debug` have some of the options.
const std::array sections{
    OptionSection{
        "What to boot",
        {"--kernel"},
        {"--recipe", "--initrd", "--rootfs", "--kernel-tree", "--iso", "--then", "--media", "--cell"}},
    OptionSection{"Machines",
                  {"--arch", "--firmware", "--medium", "--all"},
                  {"--memory", "--reduce", "--machine", "--cpu", "--cpus", "--tables", "--tpm", "--graphics",
                   "--card", "--enroll", "--trust", "--sbat", "--dbx", "--mok", "--firmware-dir"}},
    OptionSection{"What counts as a pass",
                  {"--scenario", "--known-failures", "--retries"},
                  {"--repeat", "--timeout", "--memory-floor"}},
    OptionSection{"How to run",
                  {"--jobs", "--append", "--keep"},
                  {"--watch", "--accel", "--network", "--keep-countdown", "--allow-host-steps"}},
    OptionSection{"Output", {"--output", "--format", "--verbose"}, {"--json", "--shards", "--history"}},
    OptionSection{"Many machines", {}, {"--connect", "--engine", "--shard", "--timings"}},
    OptionSection{"Debugging", {"--stop-at", "--snapshot-at", "--at"}, {"--early-console"}},
};

}  // namespace

void group_options(CLI::App& app) {
    set_sections(app, sections);
}

namespace {

void add_enroll(CLI::App& app, RunOptions& options) {
    add_repeatable(app, "--enroll", "FILE|microsoft",
                   "certificates for Secure Boot, with --firmware uefi-secure", "microsoft",
                   [&options](const std::string& word) { options.enrolled.push_back(word); });
    add_repeatable(app, "--dbx", "package|FILE", "programs that Secure Boot refuses", "package",
                   [&options](const std::string& word) { options.dbx.push_back(word); });
    add_repeatable(app, "--mok", "FILE", "certificates that the user has enrolled with MokManager", "none",
                   [&options](const std::string& word) { options.mok.push_back(word); });
    add_single(app, "--firmware-dir", "DIR", "firmware of another release, unpacked with dpkg -x",
               "the host's", [&options](const std::string& word) { options.firmware_directory = word; });
    add_repeatable(app, "--then", "ISO", "boot this medium next, on the same machine", "none",
                   [&options](const std::string& word) { options.then.emplace_back(word); });
}

}  // namespace

void add_cells(CLI::App& app, RunOptions& options) {
    app.add_option_function<std::vector<std::string>>(
           "FILE",
           [&options](const std::vector<std::string>& words) {
               for (const std::string& word : words)
                   options.isos.push_back(parse_image(word));
           },
           "live image, NAME=FILE, or netboot directory [lktest's own, built if missing or outdated]")
        ->type_name("FILE");
    add_repeatable(app, "--iso", "FILE",
                   "live image, same as FILE; NAME=FILE names it in cells and the history",
                   "lktest's own, built if missing or outdated",
                   [&options](const std::string& word) { options.isos.push_back(parse_image(word)); });
    add_single(app, "--recipe", "RECIPE|FILE", "build the images from this recipe", "recovery",
               [&options](const std::string& word) { options.recipe = word; });
    add_single(app, "--kernel", "FILE", "boot this kernel (bzImage, Image, vmlinuz.efi) without a medium",
               "none", [&options](const std::string& word) { options.kernel = word; });
    add_single(app, "--initrd", "FILE", "its initramfs", "a small one of lktest's, with a shell",
               [&options](const std::string& word) { options.initrd = word; });
    add_single(app, "--rootfs", "DIR|FILE", "its root filesystem, as for lktest build --root", "none",
               [&options](const std::string& word) { options.rootfs = word; });
    add_single(app, "--kernel-tree", "DIR", "boot the newest kernel of a build tree", "none",
               [&options](const std::string& word) { options.kernel_tree = word; });
    add_choices(app, "-a,--arch", all_arches, options.arches, "CPU architectures", "all that fit the ISO");
    add_choices(app, "-f,--firmware", all_firmwares, options.firmwares, "firmware", default_firmwares());
    add_choices(app, "-m,--medium", all_media, options.media, "how the ISO is attached", "cdrom");
    add_hardware(app, options.hardware);
    add_enroll(app, options);
    add_repeatable(app, "-s,--scenario", "SCENARIO|FILE", "what a boot must reach", "one that fits the ISO",
                   [&options](const std::string& word) { options.scenarios.push_back(word); });
    add_repeatable(app, "--cell", "CELL", "boot only this cell of the matrix", "all",
                   [&options](const std::string& word) { options.cells.push_back(word); });
    app.add_flag("--all", options.all,
                 "every firmware, medium and machine; each value of the other axes once");
    add_single(app, "--reduce", "pairwise", "keep the fewest cells that contain every pair of values", "off",
               [&options](const std::string& word) {
                   constexpr std::array<std::string_view, 1> ways{"pairwise"};
                   choose("--reduce", word, ways);
                   options.pairwise = true;
               });
}

namespace {

void add_append(CLI::App& app, RunOptions& options) {
    add_single(app, "--append", "PARAMETERS", "add to the kernel command line, in the loader's menu", "none",
               [&options](const std::string& word) {
                   if (const auto why = untypeable(word))
                       throw usage_error(fmt::format("--append {}", *why));
                   options.append += (options.append.empty() ? "" : " ") + word;
               });
}

void add_host(CLI::App& app, RunOptions& options) {
    add_repeatable(app, "--connect", "URI", "libvirt URIs to spread the cells over", "embedded driver",
                   [&options](const std::string& word) {
                       if (word.find(":/") == std::string::npos)
                           throw usage_error(fmt::format("--connect cannot be '{}'", word),
                                             "use a libvirt URI such as qemu:///system");
                       options.connect.push_back(word);
                   });
    add_single(app, "--accel", alternatives(accelerators), "accelerator", "auto: KVM if it works, else TCG",
               [&options](const std::string& word) {
                   constexpr std::array<std::optional<Accel>, 3> values{std::nullopt, Accel::kvm, Accel::tcg};
                   options.accel = values[choose("--accel", word, accelerators)];
               });
    add_single(app, "--network", alternatives(network_names), "guest network", "tap",
               [&options](const std::string& word) {
                   constexpr std::array values{Network::tap, Network::user, Network::none};
                   options.network = values[choose("--network", word, network_names)];
               });
}

void add_output(CLI::App& app, RunOptions& options) {
    add_single(app, "-o,--output", "DIR", "directory for the results of runs", options.output.string(),
               [&options](const std::string& word) { options.output = word; });
}

}  // namespace

void add_debugged(CLI::App& app, RunOptions& options) {
    add_cells(app, options);
    add_append(app, options);
    add_host(app, options);
    add_output(app, options);
}

void add_run(CLI::App& app, RunOptions& options, const std::string& default_jobs) {
    add_cells(app, options);
    add_append(app, options);
    add_single(app, "--repeat", "N", "boot each cell N times; all must pass", "1",
               [&options](const std::string& word) {
                   options.trials.repeat =
                       static_cast<unsigned>(parse_number("--repeat", word, 1, most_boots));
               });
    add_single(app, "--retries", "N", "boot a failed cell up to N more times; if one passes it is flaky", "0",
               [&options](const std::string& word) {
                   options.trials.retries =
                       static_cast<unsigned>(parse_number("--retries", word, 0, most_boots));
               });
    app.add_flag("--early-console", options.trials.early,
                 "boot silent cells again, with the kernel's early console");
    app.add_flag("--memory-floor", options.trials.memory_floor,
                 "find the least memory with which each cell boots");
    add_single(app, "--known-failures", "FILE", "failures to tolerate, each until a date", "none",
               [&options](const std::string& word) { options.known_failures = word; });
    add_single(app, "--engine", alternatives(engines), "this machine or a Slurm cluster", "local",
               [&options](const std::string& word) {
                   options.engine = static_cast<Engine>(choose("--engine", word, engines));
               });
    add_single(app, "--media", "DIR", "use lktest's own media from DIR as they are",
               "built if missing or outdated",
               [&options](const std::string& word) { options.media_directory = word; });
    add_single(app, "-j,--jobs", "N", "cells to boot at once", default_jobs,
               [&options](const std::string& word) {
                   options.jobs = static_cast<unsigned>(parse_number("--jobs", word, 1, most_jobs));
               });
    add_host(app, options);
    add_single(app, "--timeout", "SECONDS", "time limit of each cell", "deadlines of the scenario",
               [&options](const std::string& word) {
                   options.timeout =
                       std::chrono::seconds(parse_number("--timeout", word, 1, longest_timeout));
               });
    add_output(app, options);
    add_single(app, "--format", alternatives(run_formats), "format of the output", "text",
               [&options](const std::string& word) {
                   options.format = static_cast<RunFormat>(choose("--format", word, run_formats));
               });
    add_single(app, "--shard", "K/N", "boot only part K of N, split by duration", "all",
               [&options](const std::string& word) {
                   options.shard = parse_shard(word);
                   if (!options.shard)
                       throw usage_error(fmt::format("--shard cannot be '{}'", word),
                                         "use K/N, such as 1/4, with K from 1 to N");
               });
    add_single(app, "--timings", "DIR", "balance the shards with the times of this run", "estimates",
               [&options](const std::string& word) { options.timings = word; });
    add_single(app, "--history", "FILE|off", "database of outcomes and times",
               "history.db in the results directory",
               [&options](const std::string& word) { options.history = word; });
    app.add_flag("--watch", options.watch,
                 "build and boot again whenever recipe, root, ISO or scenario changes");
    app.add_flag("--keep-countdown", options.keep_countdown,
                 "let boot menus count down instead of pressing Enter");
    app.add_flag("--allow-host-steps", options.host_steps,
                 "run the host steps of scenarios that lktest did not ship");
    app.add_flag("--keep", options.keep, "keep guests of failed cells, paused, until Ctrl-C");
    app.add_flag("-v,--verbose", options.verbose, "explain decisions");
}

}  // namespace lktest
