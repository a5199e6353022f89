// SPDX-License-Identifier: MIT
#include "harness/scenario/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "builder/base/file.hpp"
#include "builder/base/re2_text.hpp"
#include "builder/base/toml_reader.hpp"
#include "harness/matrix/sbat_wish.hpp"
#include "harness/scenario/failure.hpp"
#include "harness/scenario/names.hpp"
#include "harness/scenario/patterns.hpp"
#include "harness/scenario/read_steps.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t memory_step = std::uint64_t{1} << 20, least_memory = 16 * memory_step,
                        most_memory = memory_step << 20;

MachineSettings read_machine(TomlSource& source, const toml::table& values, HardwareAxes& hardware) {
    TableReader table(source, values, "[machine]");
    MachineSettings machine;
    if (const auto memory = table.size("memory")) {
        if (*memory < least_memory || *memory > most_memory || *memory % memory_step != 0)
            table.complain("memory", "'memory' must be whole mebibytes, from 16M to 1024G");
        machine.memory = *memory;
    }
    machine.cpus = static_cast<unsigned>(table.integer("cpus", 1, 255).value_or(machine.cpus));
    machine.firmware_log = table.boolean("firmware_log").value_or(false);
    hardware.chipsets = read_names(source, table, "type", all_chipsets);
    for (const PlacedText& model : table.texts("cpu")) {
        if (!is_cpu_model(model.text))
            source.complain(model.where, fmt::format("'{}' cannot name a processor", model.text),
                            "list them with qemu-system-x86_64 -cpu help");
        hardware.cpu_models.push_back(model.text);
    }
    hardware.tables = read_names(source, table, "tables", all_tables);
    hardware.tpms = read_names(source, table, "tpm", all_tpms);
    hardware.graphics = read_names(source, table, "graphics", all_graphics);
    hardware.cards = read_names(source, table, "card", all_cards);
    table.finish();
    return machine;
}

Outcome read_ending(TableReader& table) {
    constexpr std::array endings{Outcome::passed,
                                 Outcome::no_boot_device,
                                 Outcome::boot_refused,
                                 Outcome::stopped_at_firmware,
                                 Outcome::stopped_at_loader,
                                 Outcome::kernel_crash,
                                 Outcome::initramfs_shell,
                                 Outcome::powered_off};
    std::array<std::string_view, endings.size()> names;
    std::ranges::transform(endings, names.begin(), [](Outcome outcome) { return name(outcome); });
    return endings[table.one_of("ends", names).value_or(0)];
}

BootLine read_boot_line(TomlSource& source, const toml::table& values) {
    TableReader table(source, values, "[boot]");
    BootLine line;
    line.place = source.place(values.source());
    line.entry = table.string("entry").value_or("");
    line.append = table.string("append").value_or("");
    line.loopback = table.boolean("loopback").value_or(false);
    for (const std::string_view key : {"entry", "append"})
        if (const auto* text = values.get_as<std::string>(key))
            if (const auto problem = untypeable(text->get()))
                table.complain(key, fmt::format("'{}' {}", key, *problem));
    table.finish();
    return line;
}

/// The files next to the scenario that a key of [secure_boot] names.
/// @param packaged  a word that is allowed in place of a file; may be empty
std::vector<std::string> read_key_files(TomlSource& source, TableReader& table, std::string_view key,
                                        std::string_view packaged) {
    std::vector<std::string> files;
    for (const PlacedText& text : table.texts(key)) {
        if (!packaged.empty() && text.text == packaged) {
            files.push_back(text.text);
            continue;
        }
        const std::filesystem::path file = std::filesystem::path(source.file).parent_path() / text.text;
        if (!std::filesystem::is_regular_file(file))
            source.complain(text.where, fmt::format("the certificate {} does not exist", file.string()));
        files.push_back(file.string());
    }
    return files;
}

SecureKeys read_secure_boot(TomlSource& source, const toml::table& values,
                            const std::vector<Firmware>& firmwares, HardwareAxes& hardware) {
    TableReader table(source, values, "[secure_boot]");
    SecureKeys keys;
    keys.db = read_key_files(source, table, "db", packaged_keys);
    keys.dbx = read_key_files(source, table, "dbx", packaged_list);
    keys.mok = read_key_files(source, table, "mok", {});
    hardware.trusts = read_names(source, table, "trust", all_trusts);
    for (const PlacedText& level : table.texts("sbat"))
        if (const auto wish = sbat_wish(level.text, std::filesystem::path(source.file).parent_path()))
            hardware.sbats.push_back(*wish);
        else
            source.complain(level.where, fmt::format("'sbat' cannot be '{}'", level.text),
                            "use none, latest, the date of a level, or a file beside the scenario");
    for (const auto& [key, file] : {std::pair("kek", &keys.kek), std::pair("pk", &keys.pk)}) {
        const std::vector<std::string> files = read_key_files(source, table, key, {});
        if (files.size() > 1)
            table.complain(
                key, fmt::format("'{}' must be a single file, which may contain several certificates", key));
        if (!files.empty())
            *file = files.front();
    }
    const auto is_secure = [](Firmware firmware) { return row_of(firmware).secure_boot; };
    if (firmwares.empty() || !std::ranges::all_of(firmwares, is_secure))
        table.complain("", "only firmware with Secure Boot has keys", "add firmware = [\"uefi-secure\"]");
    table.finish();
    return keys;
}

NetworkCheck read_network(TomlSource& source, const toml::table& values) {
    TableReader table(source, values, "'network'");
    NetworkCheck check;
    check.lease = table.boolean("lease").value_or(true);
    check.ping = table.boolean("ping").value_or(true);
    check.guest_page = table.string("guest_page").value_or("");
    check.guest_text = table.string("guest_text").value_or("");
    check.host_file = table.string("host_file").value_or("");
    for (const std::string_view key : {"guest_page", "host_file"})
        if (const auto* path = values.get_as<std::string>(key); path && !path->get().starts_with('/'))
            table.complain(key, fmt::format("'{}' must be a path that starts with '/'", key));
    if (!check.guest_text.empty() && check.guest_page.empty())
        table.complain("guest_text", "'guest_text' needs a 'guest_page' that contains it");
    table.finish();
    return check;
}

bool is_plain_name(std::string_view text) {
    return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos;
}

Milestone read_milestone(TomlSource& source, const toml::table& values) {
    TableReader table(source, values, "[[milestone]]");
    Milestone milestone;
    milestone.place = source.place(values.source());
    milestone.name = table.required_string("name");
    if (!milestone.name.empty() && !is_plain_name(milestone.name))
        table.complain("name", fmt::format("'{}' cannot name a milestone", milestone.name),
                       "use lower-case letters, digits and hyphens");
    milestone.patterns = read_patterns(source, table, "pattern");
    if (table.boolean("banner").value_or(false))
        for (const FirmwareRow& row : firmware_rows)
            if (!row.banner.empty())
                milestone.patterns.push_back(std::make_shared<const RE2>(to_re2(row.banner)));
    milestone.view = read_view(table);
    milestone.optional = table.boolean("optional").value_or(false);
    milestone.enter = table.boolean("enter").value_or(false);
    const auto within = table.duration("within");
    milestone.within = within.value_or(std::chrono::milliseconds{0});
    if (!table.has("within") && !milestone.optional)
        table.complain("within", "'within' is missing in [[milestone]]",
                       "set the time allowed after the previous milestone: within = \"20s\"");
    else if (within && within->count() == 0)
        table.complain("within", "'within' must be greater than zero");
    if (const toml::table* network = table.table("network"))
        milestone.network = read_network(source, *network);
    if (milestone.patterns.empty() && !table.has("pattern") && !table.has("network"))
        table.complain("pattern",
                       "[[milestone]] has neither 'pattern' nor 'network', so it cannot be reached");
    milestone.direct = table.boolean("direct").value_or(true);
    milestone.arches = read_names(source, table, "arch", all_arches);
    milestone.firmwares = read_names(source, table, "firmware", all_firmwares);
    table.finish();
    return milestone;
}

/// Copies machine, milestones and failures from another scenario.
void read_like(TomlSource& source, TableReader& table, Scenario& scenario) {
    const auto like = table.string("like");
    if (!like)
        return;
    const std::filesystem::path file = std::filesystem::path(source.file).parent_path() / *like;
    if (!std::filesystem::exists(file))
        return table.complain("like", fmt::format("the scenario {} does not exist", file.string()),
                              "'like' names a file next to this one: like = \"boot.toml\"");
    TomlSource other{.file = file.string(), .text = read_file(file), .problems = {}};
    if (parse_toml(other).contains("like"))
        return table.complain("like", fmt::format("{} itself uses 'like'", file.string()));
    Scenario base = read_scenario(file);
    scenario.machine = base.machine;
    scenario.hardware = std::move(base.hardware);
    scenario.hardware.trusts.clear();  // the rest of [secure_boot] is not taken either
    scenario.hardware.sbats.clear();
    scenario.resets = base.resets;
    scenario.stall = base.stall;
    scenario.until = std::move(base.until);
    scenario.milestones = std::move(base.milestones);
    scenario.failures = std::move(base.failures);
}

/// Two milestones with one name would be indistinguishable in a report.
void check_unique(TomlSource& source, const std::vector<Milestone>& milestones) {
    std::map<std::string_view, const Milestone*> seen;
    for (const Milestone& milestone : milestones) {
        if (milestone.name.empty())
            continue;
        const auto [first, is_new] = seen.emplace(milestone.name, &milestone);
        if (!is_new)
            source.problems.push_back(
                {milestone.place, fmt::format("two milestones are named '{}'", milestone.name),
                 fmt::format("the first is in line {}; rename this one", first->second->place.line)});
    }
}

void check_until(TableReader& table, const Scenario& scenario) {
    if (scenario.until.empty())
        return;
    std::vector<std::string_view> names;
    for (const Milestone& milestone : scenario.milestones)
        names.emplace_back(milestone.name);
    const auto found = std::ranges::find(names, scenario.until);
    if (found == names.end())
        table.complain("until", fmt::format("unknown milestone '{}'", scenario.until),
                       suggestion(scenario.until, names));
    else if (scenario.milestones[static_cast<std::size_t>(found - names.begin())].optional)
        table.complain("until",
                       fmt::format("the boot cannot end at '{}', which is optional", scenario.until));
}

/// Milestones may be limited to some machines. A machine left without any would pass without showing
/// anything.
void check_every_machine_has_one(TomlSource& source, const Scenario& scenario) {
    const auto all_or = [](const auto& some, const auto& all) {
        return some.empty() ? std::vector(all.begin(), all.end()) : some;
    };
    std::vector<Firmware> apart(all_firmwares.begin(), all_firmwares.end());
    std::erase_if(apart, [](Firmware firmware) { return row_of(firmware).like != firmware; });
    for (const Arch arch : all_or(scenario.arches, all_arches))
        for (const Firmware firmware : all_or(scenario.firmwares, apart)) {
            if (inapplicable({.arch = arch, .firmware = firmware}))
                continue;
            const std::vector<const Milestone*> left = milestones_for(scenario, arch, firmware);
            if (std::ranges::all_of(left, [](const Milestone* milestone) { return milestone->optional; }))
                source.problems.push_back(
                    {{source.file},
                     fmt::format("{} with {} has no required milestone, so every boot would pass", name(arch),
                                 name(firmware)),
                     "add a [[milestone]] that is not optional, or limit 'arch' and 'firmware'"});
        }
}

void check_disks(TomlSource& source, const Scenario& scenario,
                 const std::vector<const toml::table*>& tables) {
    for (std::size_t i = 0; i < scenario.disks.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (scenario.disks[i].name == scenario.disks[j].name && !scenario.disks[i].name.empty())
                source.complain(tables[i]->source(),
                                fmt::format("two disks are named '{}'", scenario.disks[i].name));
}

bool fits(const auto& wanted, auto value) {
    return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

}  // namespace

std::optional<std::string_view> untypeable(std::string_view text) {
    if (text.empty())
        return "must not be empty";
    if (std::ranges::any_of(text, [](char c) { return c < ' ' || c > '~'; }))
        return "must be one line of plain ASCII, because lktest types it";
    return std::nullopt;
}

bool is_cpu_model(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.';
    });
}

Scenario scenario_for(Scenario scenario, const BootCell& cell) {
    scenario.machine.memory = cell.hardware.memory.value_or(scenario.machine.memory);
    scenario.machine.cpus = cell.hardware.cpus.value_or(scenario.machine.cpus);
    if (is_direct(cell.medium))
        std::erase_if(scenario.milestones, [](const Milestone& milestone) { return !milestone.direct; });
    if (scenario.boot.asked())  // two parties must not use the menu at once
        for (Milestone& milestone : scenario.milestones)
            milestone.enter = false;
    return scenario;
}

std::vector<const Step*> steps_for(const Scenario& scenario, Arch arch, Firmware firmware) {
    std::vector<const Step*> found;
    for (const Step& step : scenario.steps)
        if (fits(step.arches, arch) && includes(step.firmwares, firmware))
            found.push_back(&step);
    return found;
}

std::vector<const Milestone*> milestones_for(const Scenario& scenario, Arch arch, Firmware firmware) {
    std::vector<const Milestone*> found;
    for (const Milestone& milestone : scenario.milestones) {
        if (fits(milestone.arches, arch) && includes(milestone.firmwares, firmware))
            found.push_back(&milestone);
        if (milestone.name == scenario.until)
            break;
    }
    return found;
}

Scenario parse_scenario(const std::filesystem::path& file, std::string text) {
    TomlSource source{.file = file.string(), .text = std::move(text), .problems = {}};
    const toml::table values = parse_toml(source);
    throw_problems(source.problems, source.text);

    TableReader table(source, values, "");
    Scenario scenario;
    scenario.name = file.stem().string();
    scenario.about = table.string("about").value_or("");
    scenario.arches = read_names(source, table, "arch", all_arches);
    scenario.firmwares = read_names(source, table, "firmware", all_firmwares);
    scenario.media = read_names(source, table, "medium", all_media);
    read_like(source, table, scenario);
    scenario.ends = read_ending(table);
    scenario.unsigned_loader = table.boolean("unsigned").value_or(false);
    scenario.resets = static_cast<unsigned>(table.integer("resets", 0, 1000).value_or(scenario.resets));
    scenario.stall = table.duration("stall").value_or(scenario.stall);
    if (scenario.stall < std::chrono::seconds(1))
        table.complain("stall", "'stall' must be at least one second, because every boot has pauses");
    scenario.until = table.string("until").value_or(scenario.until);
    if (const toml::table* machine = table.table("machine"))
        scenario.machine = read_machine(source, *machine, scenario.hardware);
    if (const toml::table* keys = table.table("secure_boot"))
        scenario.keys = read_secure_boot(source, *keys, scenario.firmwares, scenario.hardware);
    if (const toml::table* boot = table.table("boot"))
        scenario.boot = read_boot_line(source, *boot);
    if (scenario.boot.loopback && scenario.media != std::vector{Medium::usb})
        source.problems.push_back(
            {scenario.boot.place, "'loopback' requires a stick", "add medium = [\"usb\"]"});
    const std::vector<const toml::table*> disks = table.tables("disk");
    for (const toml::table* disk : disks)
        scenario.disks.push_back(read_disk(source, *disk));
    check_disks(source, scenario, disks);
    if (const toml::table* served = table.table("served"))
        scenario.served = read_files(source, *served);
    for (const toml::table* milestone : table.tables("milestone"))
        scenario.milestones.push_back(read_milestone(source, *milestone));
    scenario.steps = read_steps(source, table.tables("step"), scenario.disks);
    std::vector<Failure> failures = read_failure_tables(source, table.tables("failure"));
    scenario.failures.insert(scenario.failures.begin(), failures.begin(), failures.end());
    table.finish();

    check_unique(source, scenario.milestones);
    check_until(table, scenario);
    // The two checks of the whole would only repeat what was already reported about a part.
    if (scenario.milestones.empty()) {
        source.problems.push_back({{source.file},
                                   "[[milestone]] is missing, so every boot would pass",
                                   "add one: name, pattern and within"});
    } else if (source.problems.empty()) {
        if (std::ranges::none_of(scenario.milestones, [](const Milestone& milestone) {
                return milestone.direct && !milestone.optional;
            }))
            source.problems.push_back({{source.file},
                                       "every [[milestone]] is optional or has 'direct = false', so "
                                       "every kernel that QEMU starts directly would pass",
                                       "add one that a kernel reaches without firmware and loader"});
        check_every_machine_has_one(source, scenario);
    }
    std::ranges::stable_sort(source.problems, {}, [](const Problem& problem) {
        return std::pair(problem.place.line, problem.place.column);
    });
    throw_problems(source.problems, source.text);
    return scenario;
}

Scenario read_scenario(const std::filesystem::path& file) {
    return parse_scenario(file, read_file(file));
}

}  // namespace lktest
