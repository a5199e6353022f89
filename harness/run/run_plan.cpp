// SPDX-License-Identifier: MIT
#include "harness/run/run_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "builder/base/confined.hpp"
#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/printable.hpp"
#include "builder/base/problem.hpp"
#include "builder/inspect/iso_facts.hpp"
#include "firmware/secure_keys.hpp"
#include "harness/boot/inspect_medium.hpp"
#include "harness/matrix/reduce.hpp"
#include "harness/net/netboot.hpp"
#include "harness/run/kernel_images.hpp"
#include "harness/run/lookup.hpp"
#include "harness/run/own_media.hpp"
#include "harness/scenario/next_media.hpp"
#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

/// The loaded scenarios, and the one chosen for each image.
struct Scenarios {
    std::map<std::string, Scenario> by_name;

    ScenarioChoice choose(const std::string& word) {
        Scenario read = read_scenario(find_data(scenario_files, word));
        ScenarioChoice choice{read.name, read.arches, read.firmwares, read.media, read.hardware};
        by_name.insert_or_assign(read.name, std::move(read));
        return choice;
    }
};

/// Which protocol a cell's machine uses to ask its boot server.
NetClient client_of(Arch arch, Firmware firmware, Medium medium) {
    const FirmwareBuild* build = build_of(firmware, arch);
    return {build ? build->efi_suffix : std::string_view(), row_of(medium).http};
}

/// Examines a netboot directory, whether ours or foreign.
ImageChoice look_at_tree(const Image& image) {
    const auto boots = [&image](Arch arch) {
        for (const Firmware firmware : all_firmwares)
            for (const Medium medium : network_media)
                if (build_of(firmware, arch) && boot_file(image.path, client_of(arch, firmware, medium)))
                    return true;
        return false;
    };
    std::vector<Arch> arches;
    std::ranges::copy_if(all_arches, std::back_inserter(arches), boots);
    if (arches.empty())
        throw usage_error(fmt::format("{} is a directory without a boot loader that a machine could "
                                      "load over the network",
                                      image.path.string()),
                          "give an ISO, what `lktest build --format netboot` made, or the tree of a boot "
                          "server: one with pxelinux.0, grubx64.efi or bootaa64.efi, say");
    const std::filesystem::path manifest = image.path / "live/manifest.json";
    const bool own = std::filesystem::exists(manifest) && manifest_reports(read_file(manifest));
    return {image, arches, {own ? own_scenario : foreign_scenario}, network_media};
}

/// Marks the cells that a tree has no boot loader for.
void leave_out_what_has_no_loader(std::vector<PlannedCell>& cells) {
    for (auto& [cell, not_applicable] : cells)
        if (!not_applicable && from_network(cell.medium) &&
            !boot_file(cell.image.path, client_of(cell.arch, cell.firmware, cell.medium)))
            not_applicable = fmt::format("{} has no boot loader for {} {} by {}", cell.image.path.string(),
                                         name(cell.arch), name(cell.firmware), name(cell.medium));
    if (std::ranges::all_of(cells, [](const PlannedCell& cell) { return cell.not_applicable.has_value(); }))
        throw usage_error(fmt::format("no cell is left to boot: {}", *cells.front().not_applicable),
                          "omit a filter, or give another ISO");
}

/// The option of which a word is a value, for words in the place of a file: "--arch" for "aarch64".
std::optional<std::string_view> option_of(std::string_view word) {
    const auto is_one_of = [word](const auto& values) {
        return std::ranges::any_of(values, [word](const auto value) { return name(value) == word; });
    };
    if (is_one_of(all_arches))
        return "--arch";
    if (is_one_of(all_firmwares))
        return "--firmware";
    if (is_one_of(all_media))
        return "--medium";
    if (is_one_of(all_chipsets))
        return "--machine";
    if (is_one_of(all_graphics))
        return "--graphics";
    return is_one_of(all_cards) ? std::optional("--card") : std::nullopt;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        if (!point.valid)
            return false;
        text.remove_prefix(point.size);
    }
    return true;
}

void check_is_file(const std::filesystem::path& path) {
    std::error_code none;
    // XML 1.0, 2.2 Characters: these characters have no escape.
    const std::string name = path.string();
    if (std::ranges::any_of(name, [](unsigned char c) { return c < 0x20; }) || !is_utf8(name))
        throw usage_error(
            fmt::format("the name of {} has a control character, or bytes that are not UTF-8, which libvirt "
                        "does not accept",
                        printable(name)),
            "rename it, or pass a link to it");
    const std::optional<std::string_view> option = option_of(path.string());
    if (option && !std::filesystem::exists(path, none))
        throw usage_error(
            fmt::format("there is no ISO '{}'", path.string()),
            fmt::format("an option takes one value, and can be repeated: {} {}", *option, path.string()));
}

/// Keeps only the cells with these names, in the plan's order.
void keep_named(std::vector<PlannedCell>& cells, const std::vector<std::string>& wanted) {
    std::map<std::string, bool, std::less<>> found;
    for (const std::string& cell : wanted)
        found.emplace(cell, false);
    std::vector<std::string> names;
    std::erase_if(cells, [&](const PlannedCell& planned) {
        names.push_back(name(planned.cell));
        const auto known = found.find(names.back());
        return known == found.end() || !(known->second = true);
    });
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    for (const auto& [cell, is_there] : found)
        if (!is_there) {
            const std::string_view nearest = nearest_name(cell, candidates);
            throw usage_error(fmt::format("the matrix has no cell '{}'", cell),
                              nearest.empty() ? "see lktest matrix, with the same options"
                                              : fmt::format("did you mean '{}'?", nearest));
        }
}

/// The given ISOs, each with a scenario that fits it if the user names none.
std::vector<ImageChoice> look_at(const std::vector<Image>& isos) {
    std::vector<ImageChoice> images;
    for (const Image& image : name_images(isos)) {
        check_is_file(image.path);
        if (std::filesystem::is_directory(image.path)) {
            images.push_back(look_at_tree(image));
            continue;
        }
        try {
            const IsoFacts facts = inspect_facts(image.path);
            images.push_back({image, facts.arches, {facts.reports ? own_scenario : foreign_scenario}});
            if (facts.disk)
                images.back().media = {Medium::disk, Medium::usb, Medium::disk_512e, Medium::nvme};
        } catch (const ConfinedFailure& failure) {
            // Only its own cells suffer: they boot it as an unknown medium, on every architecture.
            fmt::print(stderr, "lktest: {}\n", printable(failure.what()));
            images.push_back({image, {all_arches.begin(), all_arches.end()}, {foreign_scenario}});
        }
    }
    return images;
}

/// If the user names a machine, it is tried even if the medium does not seem to be made for it, because some
/// firmware starts a boot image of the wrong kind.
void try_asked_arches(Axes& axes) {
    const auto suits = [](const ImageChoice& choice, Arch arch) {
        return choice.arches.empty() || std::ranges::find(choice.arches, arch) != choice.arches.end();
    };
    const std::vector<ImageChoice> found = axes.images;
    for (ImageChoice& choice : axes.images) {
        const bool fits_none =
            std::ranges::none_of(axes.arches, [&](Arch arch) { return suits(choice, arch); });
        for (const Arch arch : axes.arches) {
            const bool fits_no_image =
                std::ranges::none_of(found, [&](const ImageChoice& other) { return suits(other, arch); });
            if ((!fits_none && !fits_no_image) || std::filesystem::is_directory(choice.image.path))
                continue;
            fmt::print(stderr, "lktest: {} seems to be for {}, not {}; it is booted because of --arch\n",
                       printable(choice.image.path.string()), name(choice.arches.front()), name(arch));
            choice.arches.push_back(arch);
        }
    }
}

/// Uses every value of the axes that the user did not set. Firmware, medium and machine are multiplied; the
/// other axes vary one at a time.
void ask_for_all(Axes& axes) {
    if (axes.firmwares.empty())
        axes.firmwares = {all_firmwares.begin(), all_firmwares.end()};
    if (axes.media.empty())
        axes.media = {all_media.begin(), all_media.end()};
    if (axes.hardware.chipsets.empty())
        axes.hardware.chipsets = {all_chipsets.begin(), all_chipsets.end()};
    axes.variants = {{{.cpu = "max"}},
                     {{.cpu = "Nehalem"}},
                     {{.cpu = "cortex-a57"}},
                     {{.cpus = 2}},
                     {{.memory = std::uint64_t{512} << 20}},
                     {{.tables = Tables::devicetree}},
                     {{.tpm = Tpm::tpm2}}};
    for (const Graphics graphics : all_graphics)
        axes.variants.push_back({{.graphics = graphics}});
    for (const Card card : all_cards)
        axes.variants.push_back({{.card = card}});
    for (const TrustRow& trust : trust_rows)
        if (trust.ca2011 || trust.ca2023)
            axes.variants.push_back({{.trust = trust.value}, true});
    axes.variants.push_back({{.sbat = std::string(latest_sbat)}, true});
}

/// Applies the user's state of Secure Boot to the scenarios. Reads all certificates, so that a bad one is
/// reported before anything boots.
void apply_secure_boot(RunPlan& plan, const RunOptions& options) {
    const bool asked = !options.enrolled.empty() || !options.dbx.empty() || !options.mok.empty();
    if (asked && std::ranges::none_of(plan.cells, [](const PlannedCell& planned) {
            return !planned.not_applicable && row_of(planned.cell.firmware).secure_boot;
        }))
        throw usage_error("--enroll, --dbx and --mok need firmware with Secure Boot, and no cell has it",
                          "add --firmware uefi-secure");
    for (auto& [name, scenario] : plan.scenarios) {
        std::vector<std::string>& db = scenario.keys.db;
        db.insert(db.end(), options.enrolled.begin(), options.enrolled.end());
        scenario.keys.dbx.insert(scenario.keys.dbx.end(), options.dbx.begin(), options.dbx.end());
        scenario.keys.mok.insert(scenario.keys.mok.end(), options.mok.begin(), options.mok.end());
        read_secure_keys(scenario.keys);
    }
    for (const auto& [cell, not_applicable] : plan.cells) {
        const std::vector<std::string>& db = plan.scenarios.at(cell.scenario).keys.db;
        const bool own = std::ranges::any_of(db, [](const std::string& key) { return key != packaged_keys; });
        if (!not_applicable && cell.hardware.trust == Trust::custom && !own)
            throw usage_error("--trust custom trusts only your certificates, and there are none",
                              "name them with --enroll FILE");
    }
}

void apply_next_media(RunPlan& plan, const RunOptions& options) {
    for (const std::filesystem::path& medium : options.then)
        if (!std::filesystem::is_regular_file(medium))
            throw usage_error(fmt::format("{} of --then is not a file", medium.string()),
                              "give an ISO or a disk image");
    for (auto& [name, scenario] : plan.scenarios)
        use_next_media(scenario, options.then);
    for (auto& [cell, not_applicable] : plan.cells)
        if (!options.then.empty() && !not_applicable &&
            (from_network(cell.medium) || !row_of(cell.medium).removable))
            not_applicable = fmt::format("--then: the medium of {} cannot be changed", name(cell.medium));
}

}  // namespace

RunPlan plan_run(const RunOptions& options) {
    if (options.keep && (options.trials.repeat > 1 || options.trials.retries > 0 ||
                         options.trials.memory_floor || options.trials.early))
        throw usage_error("--keep keeps the guest of one boot, but these options boot a cell several times",
                          "omit --keep, or omit --repeat, --retries, --early-console and --memory-floor");
    if (options.keep && options.engine == Engine::slurm)
        throw usage_error("--keep keeps guests on this machine, but Slurm boots them on others",
                          "omit --keep or --engine slurm");
    if (!options.recipe.empty() && !options.isos.empty())
        throw usage_error("--recipe chooses lktest's own images, but an ISO is given", "omit one of them");
    Scenarios scenarios;
    if (!boots_kernel(options) && (!options.initrd.empty() || !options.rootfs.empty()))
        throw usage_error("--initrd and --rootfs belong to a kernel",
                          "add --kernel FILE or --kernel-tree DIR");
    Axes axes{.images = boots_kernel(options)  ? kernel_images(options)
                        : options.isos.empty() ? own_images(options)
                                               : look_at(options.isos),
              .scenarios = {},
              .arches = options.arches,
              .firmwares = options.firmwares,
              .media = options.media,
              .hardware = options.hardware};
    // The kernel's way through UEFI is slower, and is there on request.
    if (boots_kernel(options) && options.media.empty() && axes.firmwares.empty() && !options.all)
        axes.firmwares = {build_of(Firmware::bios, axes.images.front().arches.front()) ? Firmware::bios
                                                                                       : Firmware::uefi};
    if (!options.isos.empty())
        try_asked_arches(axes);
    if (options.all)
        ask_for_all(axes);
    if (options.scenarios.empty()) {
        for (const char* word : {own_scenario, foreign_scenario, kernel_scenario})
            if (std::ranges::any_of(axes.images, [word](const ImageChoice& choice) {
                    return choice.scenarios.front() == word;
                }))
                axes.scenarios.push_back(scenarios.choose(word));
    } else {
        for (ImageChoice& choice : axes.images)
            choice.scenarios.clear();
        for (const std::string& word : options.scenarios)
            axes.scenarios.push_back(scenarios.choose(word));
    }
    RunPlan plan{.cells = expand(axes), .scenarios = std::move(scenarios.by_name), .known_failures = {}};
    if (!options.isos.empty())  // our own netboot trees may not have been built yet
        leave_out_what_has_no_loader(plan.cells);
    if (!options.known_failures.empty())
        plan.known_failures = read_known_failures(options.known_failures);
    if (options.pairwise)
        plan.cells = reduce_pairwise(plan.cells);
    if (!options.cells.empty())
        keep_named(plan.cells, options.cells);
    apply_next_media(plan, options);
    apply_secure_boot(plan, options);
    if (options.append.empty())
        return plan;
    for (auto& [name, scenario] : plan.scenarios) {
        std::string& line = scenario.boot.append;
        line += (line.empty() ? "" : " ") + options.append;
        scenario.boot.place = {.file = "--append"};
    }
    return plan;
}

void refuse_host_steps(const RunPlan& plan, const std::filesystem::path& own) {
    for (const PlannedCell& planned : plan.cells) {
        if (planned.not_applicable)
            continue;
        const Scenario& scenario = plan.scenarios.at(planned.cell.scenario);
        for (const Step& step : scenario.steps) {
            std::error_code none;
            if (!std::holds_alternative<RunOnHost>(step.action) ||
                std::filesystem::equivalent(std::filesystem::path(step.place.file).parent_path(), own, none))
                continue;
            throw usage_error(
                fmt::format("{}:{}:{}: the step '{}' runs a command on this machine, with your rights, and "
                            "lktest did not ship the scenario",
                            step.place.file, step.place.line, step.place.column, step.name),
                "read the scenario's 'host' steps; if you trust them, add --allow-host-steps");
        }
    }
}

std::uint64_t largest_memory(const RunPlan& plan) {
    std::uint64_t memory = 0;
    for (const auto& [scenario_name, scenario] : plan.scenarios)
        memory = std::max(memory, scenario.machine.memory);
    for (const PlannedCell& planned : plan.cells)
        if (!planned.not_applicable)
            memory = std::max(memory, planned.cell.hardware.memory.value_or(0));
    return memory;
}

}  // namespace lktest
