// SPDX-License-Identifier: MIT
#include "harness/scenario/read_steps.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <type_traits>

#include "harness/scenario/names.hpp"
#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

constexpr std::chrono::seconds usual_time{20};
constexpr std::chrono::minutes boot_time{3};  // limits the sum of the milestones' times

/// The state while the steps are read in order.
struct Reading {
    TomlSource& source;
    const std::vector<DiskSettings>& disks;
    std::set<std::string> own;        ///< variables that lktest sets
    std::set<std::string> variables;  ///< those, and captures of earlier steps
};

/// The reader of a text. lktest inserts values into a plain text, which a guest's shell may read afterwards.
/// This machine's shell finds the values in its environment instead.
enum class Reader { plain, guest_shell, host_shell };

/// Reports variables that no earlier step has captured, and any variable in a command of this machine,
/// because the guest's words would become part of it.
void check_variables(Reading& reading, TableReader& table, std::string_view key, std::string_view text,
                     Reader reader) {
    for (const std::string& name : variables_of(text)) {
        if (reading.variables.contains(name)) {
            if (reader == Reader::host_shell && !reading.own.contains(name))
                table.complain(key,
                               fmt::format("'${{{}}}' would put text from the guest into a command that runs "
                                           "on this machine",
                                           name),
                               fmt::format("write \"${}\", in double quotes: captures are environment "
                                           "variables of 'host' steps",
                                           name));
            continue;
        }
        if (reader != Reader::plain && name.find_first_of("abcdefghijklmnopqrstuvwxyz") == name.npos)
            continue;  // ${HOME} belongs to the shell
        const std::vector<std::string_view> known(reading.variables.begin(), reading.variables.end());
        table.complain(key, fmt::format("no earlier step captures '{}'", name), suggestion(name, known));
    }
}

std::string text_of(Reading& reading, TableReader& table, std::string_view key,
                    Reader reader = Reader::plain) {
    std::string text = table.string(key).value_or("");
    if (text.empty() && table.has(key))
        table.complain(key, fmt::format("'{}' must not be empty", key));
    check_variables(reading, table, key, text, reader);
    return text;
}

std::string pattern_of(Reading& reading, TableReader& table, std::string_view key) {
    std::string pattern = text_of(reading, table, key);
    if (pattern.empty())
        return pattern;
    Variables values;
    for (const std::string& name : variables_of(pattern))
        values[name] = "value";
    re2::RE2::Options options;
    options.set_log_errors(false);
    const re2::RE2 expression("(?m)" + fill_in(pattern, values), options);
    if (!expression.ok()) {
        table.complain(key, "bad regular expression: " + expression.error());
        return {};
    }
    for (const auto& [name, index] : expression.NamedCapturingGroups()) {
        if (const auto why = unfit_capture(name))
            table.complain(key, *why, "rename the group: (?P<answer>…)");
        reading.variables.insert(name);
    }
    return pattern;
}

CommandCheck check_of(Reading& reading, TableReader& table) {
    CommandCheck check;
    check.status = static_cast<int>(table.integer("status", 0, 255).value_or(0));
    check.expect = pattern_of(reading, table, "expect");
    return check;
}

/// Requires a key to be `true`.
void require_true(TableReader& table, std::string_view key) {
    if (!table.boolean(key).value_or(true))
        table.complain(key, fmt::format("'{}' can only be true; omit the step instead", key));
}

std::vector<std::string> disks_of(Reading& reading, TableReader& table, std::string_view key) {
    std::vector<std::string_view> known;
    for (const DiskSettings& disk : reading.disks)
        known.emplace_back(disk.name);
    std::vector<std::string> names;
    for (const PlacedText& text : table.texts(key)) {
        if (std::ranges::find(known, text.text) == known.end())
            reading.source.complain(text.where, fmt::format("there is no [[disk]] named '{}'", text.text),
                                    known.empty() ? "add one" : suggestion(text.text, known));
        names.push_back(text.text);
    }
    if (names.empty())
        table.complain(key, fmt::format("'{}' does not name a disk", key));
    return names;
}

/// The disk that a key names; null if it does not name one.
const DiskSettings* disk_of(Reading& reading, TableReader& table, std::string_view key) {
    const std::vector<std::string> names = disks_of(reading, table, key);
    if (names.size() > 1)
        table.complain(key, fmt::format("'{}' accepts only one disk", key));
    const auto disk =
        std::ranges::find(reading.disks, names.empty() ? "" : names.front(), &DiskSettings::name);
    return names.size() == 1 && disk != reading.disks.end() ? &*disk : nullptr;
}

std::string plugged_disk_of(Reading& reading, TableReader& table, std::string_view key) {
    const DiskSettings* disk = disk_of(reading, table, key);
    if (!disk)
        return {};
    if (!pluggable(disk->bus))
        table.complain(
            key,
            fmt::format("a disk on {} cannot be attached or detached while the guest runs", name(disk->bus)),
            "give it bus = \"usb\" or \"scsi\"");
    return disk->name;
}

/// The disk that a reboot boots from; empty if the step names none.
std::string into_of(Reading& reading, TableReader& table) {
    if (!table.has("into"))
        return {};
    const DiskSettings* disk = disk_of(reading, table, "into");
    if (!disk)
        return {};
    // lktest passes such disks to QEMU directly, and libvirt does not order them.
    if (disk->bus == DiskBus::nvme)
        table.complain("into", "cannot boot from a disk on nvme", "give it another bus");
    return disk->name;
}

// Functions shared by several actions; `key` is the action's key.
template <typename Command>
Action read_command(Reading& reading, TableReader& table, std::string_view key) {
    constexpr bool here = std::is_same_v<Command, RunOnHost>;
    std::string command = text_of(reading, table, key, here ? Reader::host_shell : Reader::guest_shell);
    return Command{std::move(command), check_of(reading, table)};
}

template <typename Deed>
Action read_deed(Reading&, TableReader& table, std::string_view key) {
    require_true(table, key);
    return Deed{};
}

template <typename Plug>
Action read_plug(Reading& reading, TableReader& table, std::string_view key) {
    return Plug{plugged_disk_of(reading, table, key)};
}

template <typename OfDisks>
Action read_of_disks(Reading& reading, TableReader& table, std::string_view key) {
    return OfDisks{disks_of(reading, table, key)};
}

Action read_reboot(Reading& reading, TableReader& table, std::string_view key) {
    std::string command = text_of(reading, table, key, Reader::guest_shell);
    return Reboot{std::move(command), into_of(reading, table)};
}

Action read_shutdown(Reading& reading, TableReader& table, std::string_view key) {
    return ShutDown{text_of(reading, table, key, Reader::guest_shell)};
}

Action read_reset(Reading& reading, TableReader& table, std::string_view key) {
    require_true(table, key);
    return PressReset{into_of(reading, table)};
}

Action read_send(Reading& reading, TableReader& table, std::string_view key) {
    return SendText{text_of(reading, table, key)};
}

Action read_keys(Reading&, TableReader& table, std::string_view key) {
    SendKeys action;
    for (const PlacedText& text : table.texts(key))
        action.keys.push_back(text.text);
    return action;
}

Action read_login(Reading& reading, TableReader& table, std::string_view key) {
    std::string user = text_of(reading, table, key);
    return LogIn{std::move(user), table.string("password").value_or("")};
}

Action read_screenshot(Reading&, TableReader& table, std::string_view key) {
    const std::string file = table.string(key).value_or("");
    if (file.empty() || file.find_first_of("/.") != file.npos)
        table.complain(key, "'screenshot' must be a file name without extension");
    return TakeScreenshot{file};
}

/// A text to type in a loader's menu.
std::string typed_of(Reading& reading, TableReader& table, std::string_view key, std::string text) {
    check_variables(reading, table, key, text, Reader::plain);
    if (const auto problem = untypeable(text))
        table.complain(key, fmt::format("'{}' {}", key, *problem));
    return text;
}

Action read_select(Reading& reading, TableReader& table, std::string_view key) {
    SelectEntry action;
    for (const PlacedText& title : table.texts(key))
        action.titles.push_back(typed_of(reading, table, key, title.text));
    if (action.titles.empty())
        table.complain(key, "'select' does not name a menu entry");
    if (const auto text = table.string("append"))
        action.append = typed_of(reading, table, "append", *text);
    return action;
}

Action read_insert(Reading& reading, TableReader& table, std::string_view key) {
    const std::string image = table.string(key).value_or("");
    if (image == medium_file || image == next_medium)
        return InsertMedium{image};
    // Relative to the scenario, like a disk's files.
    const std::filesystem::path file = std::filesystem::path(reading.source.file).parent_path() / image;
    if (!std::filesystem::is_regular_file(file))
        table.complain(key, fmt::format("the image {} does not exist", file.string()),
                       fmt::format("'{}' names a file next to the scenario, \"medium\", the one that was "
                                   "booted, or \"then\", the one of --then",
                                   key));
    return InsertMedium{file.string()};
}

Action read_expect(Reading& reading, TableReader& table, std::string_view key) {
    return ExpectLine{pattern_of(reading, table, key)};
}

struct ActionKind {
    std::string_view key;
    Action (*read)(Reading&, TableReader&, std::string_view key);
    std::chrono::milliseconds usual = usual_time;
};

constexpr std::array action_kinds{
    ActionKind{"run", read_command<RunInGuest>},
    ActionKind{"host", read_command<RunOnHost>},
    ActionKind{"send", read_send},
    ActionKind{"keys", read_keys},
    ActionKind{"login", read_login},
    ActionKind{"screenshot", read_screenshot},
    ActionKind{"reboot", read_reboot, boot_time},
    ActionKind{"reset", read_reset, boot_time},
    ActionKind{"shutdown", read_shutdown},
    ActionKind{"power_button", read_deed<PressPower>},
    ActionKind{"select", read_select, boot_time},
    ActionKind{"eject", read_deed<EjectMedium>},
    ActionKind{"insert", read_insert},
    ActionKind{"attach", read_plug<AttachDisk>},
    ActionKind{"detach", read_plug<DetachDisk>},
    ActionKind{"seal", read_of_disks<SealDisks>},
    ActionKind{"unchanged", read_of_disks<CheckUnchanged>},
    // Last, because it is a condition of `run` and `host`, and a step only by itself.
    ActionKind{"expect", read_expect},
};

/// Describes the step in one line: "run uname -m".
std::string describe(const toml::table& values, const ActionKind& kind) {
    constexpr std::size_t longest = 60;
    std::string said(kind.key);
    if (const auto* text = values.get_as<std::string>(kind.key))
        said += " " + text->get().substr(0, text->get().find('\n'));
    if (said.size() > longest)
        said = said.substr(0, longest - 3) + "...";
    return said;
}

Step read_step(Reading& reading, const toml::table& values) {
    TableReader table(reading.source, values, "[[step]]");
    Step step;
    step.place = reading.source.place(values.source());
    step.name = table.string("name").value_or("");
    const ActionKind* chosen = nullptr;
    for (const ActionKind& kind : action_kinds) {
        if (!table.has(kind.key))
            continue;
        const bool condition =
            kind.key == "expect" && chosen && (chosen->key == "run" || chosen->key == "host");
        if (chosen && !condition)
            table.complain(
                kind.key,
                fmt::format("a step has one action, but this one has '{}' and '{}'", chosen->key, kind.key),
                "split it into two steps");
        if (!chosen)
            chosen = &kind;
    }
    if (chosen) {
        step.action = chosen->read(reading, table, chosen->key);
        if (step.name.empty())
            step.name = describe(values, *chosen);
    } else {
        std::vector<std::string_view> keys;
        for (const ActionKind& kind : action_kinds)
            keys.push_back(kind.key);
        std::string hint = suggestion("", keys);
        for (const auto& [key, value] : values)
            if (const std::string_view near = nearest_name(key.str(), keys); !near.empty())
                hint = fmt::format("did you mean '{}'?", near);
        table.complain("", "this [[step]] does nothing", hint);
        return step;  // its other keys have no meaning
    }
    step.within = table.duration("within").value_or(chosen->usual);
    if (step.within.count() == 0)
        table.complain("within", "'within' must be greater than zero");
    step.arches = read_names(reading.source, table, "arch", all_arches);
    step.firmwares = read_names(reading.source, table, "firmware", all_firmwares);
    table.finish();
    return step;
}

}  // namespace

std::vector<Step> read_steps(TomlSource& source, const std::vector<const toml::table*>& tables,
                             const std::vector<DiskSettings>& disks) {
    Reading reading{source, disks, {}, {}};
    for (const std::string& name : known_variables()) {
        reading.own.insert(name);
        reading.variables.insert(name);
    }
    std::vector<Step> steps;
    for (const toml::table* table : tables)
        steps.push_back(read_step(reading, *table));
    return steps;
}

}  // namespace lktest
