// SPDX-License-Identifier: MIT
#include "harness/results/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <span>

#include "builder/base/printable.hpp"
#include "harness/results/run_files.hpp"

namespace lktest::results {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;

constexpr std::string_view schema = "lktest.matrix/1";

/// Deeper than any JSON that lktest writes. More would exhaust the stack when it is copied or printed.
constexpr int deepest = 64;
/// Thirty years. More would overflow the clock.
constexpr double longest = 1e9;

constexpr std::array<std::string_view, 12> run_keys{"schema",  "lktest",   "command",   "started",
                                                    "seconds", "complete", "exit_code", "counts",
                                                    "host",    "cells",    "runs",      "images"};
constexpr std::array<std::string_view, 23> cell_keys{
    "name",     "scenario", "image",      "arch",    "firmware", "medium",    "machine",  "variant",
    "outcome",  "class",    "seconds",    "reached", "missing",  "reason",    "evidence", "hint",
    "attempts", "console",  "milestones", "steps",   "notes",    "artefacts", "reproduce"};

// Writing.

/// Seconds, to the millisecond.
double seconds(microseconds time) {
    return std::round(static_cast<double>(time.count()) / 1000.0) / 1000.0;
}

Json cell_json(const CellResult& result) {
    Json json = to_json(result.cell);
    json["outcome"] = nullptr;
    json["class"] = nullptr;
    if (result.verdict) {
        const Ending& verdict = *result.verdict;
        json["outcome"] = verdict.outcome;
        json["class"] = class_word(verdict.outcome_class);
        json["seconds"] = seconds(verdict.took);
        json["reached"] = json_text(verdict.reached);
        json["missing"] = json_text(verdict.missing);
        json["reason"] = json_text(verdict.reason);
        json["evidence"] = json_strings(verdict.evidence);
        json["hint"] = json_text(verdict.hint);
        if (!verdict.console.empty())
            json["console"] = json_strings(verdict.console);
        for (const Attempt& boot : verdict.attempts)
            json["attempts"].push_back({{"name", printable(boot.name)},
                                        {"outcome", boot.outcome},
                                        {"seconds", seconds(boot.took)},
                                        {"reason", json_text(boot.reason)}});
    }
    json["milestones"] = Json::array();
    for (const MilestoneTime& milestone : result.milestones)
        json["milestones"].push_back({{"name", printable(milestone.name)},
                                      {"at", seconds(milestone.at)},
                                      {"sources", json_strings(milestone.sources)}});
    json["steps"] = Json::array();
    for (const StepTime& step : result.steps)
        json["steps"].push_back({{"name", printable(step.name)}, {"at", seconds(step.at)}});
    json["notes"] = json_strings(result.notes);
    json["artefacts"] = json_strings(result.artefacts);
    json["reproduce"] = json_text(result.reproduce);
    json.update(result.other);
    return json;
}

Json host_json(const HostFacts& host) {
    Json accelerators = Json::object();
    for (const AcceleratorUse& use : host.accelerators)
        accelerators[printable(use.arch)] = {{"name", json_text(use.accelerator)},
                                             {"why", json_text(use.why)}};
    return {
        {"qemu", json_text(host.qemu)},
        {"libvirt", json_text(host.libvirt)},
        {"connection", json_text(host.connection)},
        {"network", json_text(host.network)},
        {"accelerators", accelerators},
        {"name", json_text(host.name)},
    };
}

Json counts_json(const Counts& counts) {
    return {
        {"passed", counts.passed},           {"failed", counts.failed},
        {"host_faults", counts.host_faults}, {"cancelled", counts.cancelled},
        {"unfinished", counts.unfinished},   {"not_applicable", counts.not_applicable},
        {"tolerated", counts.tolerated},
    };
}

Json images_json(const std::vector<BootedImage>& images) {
    Json all = Json::array();
    for (const BootedImage& image : images)
        all.push_back({{"path", printable(image.path)},
                       {"sha256", json_text(image.sha256)},
                       {"size", image.size},
                       {"mtime", utc_time(image.modified)},
                       {"changed", json_text(image.changed)}});
    return all;
}

Json runs_json(const std::vector<MergedRun>& runs) {
    Json all = Json::array();
    for (const MergedRun& run : runs)
        all.push_back({{"directory", printable(run.directory)},
                       {"started", run.started},
                       {"seconds", seconds(run.took)},
                       {"command", json_strings(run.command)}});
    return all;
}

// Reading.

/// Discarded if the text is not JSON, or nested too deeply.
Json parse_json(const std::string& text) {
    bool too_deep = false;
    Json json = Json::parse(
        text,
        [&too_deep](int depth, Json::parse_event_t, Json&) {
            too_deep = too_deep || depth > deepest;
            return !too_deep;
        },
        false);
    return too_deep ? Json(Json::value_t::discarded) : json;
}

/// A member of this type; null if it is missing, or something else.
const Json* member(const Json& object, const char* key, bool (Json::*is_wanted)() const noexcept) {
    if (!object.is_object())
        return nullptr;
    const auto found = object.find(key);
    return found != object.end() && ((*found).*is_wanted)() ? &*found : nullptr;
}

std::string text(const Json& object, const char* key) {
    const Json* found = member(object, key, &Json::is_string);
    return found ? printable(found->get<std::string>()) : "";
}

microseconds time(const Json& object, const char* key) {
    const Json* found = member(object, key, &Json::is_number);
    const double value = found ? found->get<double>() : 0;
    return microseconds(std::isfinite(value) ? std::llround(std::clamp(value, 0.0, longest) * 1e6) : 0);
}

std::uint64_t whole_number(const Json& object, const char* key) {
    const Json* found = member(object, key, &Json::is_number_unsigned);
    return found ? found->get<std::uint64_t>() : 0;
}

std::vector<std::string> texts(const Json& object, const char* key) {
    std::vector<std::string> all;
    if (const Json* found = member(object, key, &Json::is_array))
        for (const Json& value : *found)
            if (value.is_string())
                all.push_back(printable(value.get<std::string>()));
    return all;
}

/// The objects of an array.
std::vector<const Json*> objects(const Json& object, const char* key) {
    std::vector<const Json*> all;
    if (const Json* found = member(object, key, &Json::is_array))
        for (const Json& value : *found)
            if (value.is_object())
                all.push_back(&value);
    return all;
}

std::chrono::system_clock::time_point calendar_time(const std::string& text) {
    std::tm broken{};
    if (!::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &broken))
        return {};
    // Larger values do not fit into the clock's nanoseconds.
    constexpr std::time_t last = 8'000'000'000;
    return std::chrono::system_clock::from_time_t(std::clamp<std::time_t>(::timegm(&broken), 0, last));
}

Json other_keys(const Json& object, std::span<const std::string_view> known) {
    Json other = Json::object();
    for (const auto& [key, value] : object.items())
        if (std::ranges::find(known, key) == known.end())
            other[key] = value;
    return other;
}

Cell read_cell(const Json& json) {
    Cell cell;
    cell.name = text(json, "name");
    cell.scenario = text(json, "scenario");
    cell.arch = text(json, "arch");
    cell.firmware = text(json, "firmware");
    cell.medium = text(json, "medium");
    cell.variant = texts(json, "variant");
    if (const Json* image = member(json, "image", &Json::is_object)) {
        cell.image = text(*image, "name");
        cell.image_path = text(*image, "path");
    }
    if (const Json* machine = member(json, "machine", &Json::is_object))
        cell.machine = *machine;
    // Runs from before this key existed: the name ends in these words.
    const std::string plain = fmt::format("{}.{}.{}-", cell.scenario, cell.image, cell.title());
    if (cell.variant.empty() && cell.name.starts_with(plain))
        cell.variant.push_back(cell.name.substr(plain.size()));
    return cell;
}

std::optional<Ending> read_ending(const Json& json) {
    const std::optional<OutcomeClass> outcome_class = class_from_word(text(json, "class"));
    if (!outcome_class || text(json, "outcome").empty())
        return std::nullopt;
    Ending ending;
    ending.outcome = text(json, "outcome");
    ending.outcome_class = *outcome_class;
    ending.reached = text(json, "reached");
    ending.missing = text(json, "missing");
    ending.reason = text(json, "reason");
    ending.hint = text(json, "hint");
    ending.evidence = texts(json, "evidence");
    ending.console = texts(json, "console");
    for (const Json* boot : objects(json, "attempts"))
        ending.attempts.push_back(
            {text(*boot, "name"), text(*boot, "outcome"), text(*boot, "reason"), time(*boot, "seconds")});
    ending.took = time(json, "seconds");
    return ending;
}

CellResult read_result(const Json& json) {
    CellResult result;
    result.cell = read_cell(json);
    result.verdict = read_ending(json);
    for (const Json* milestone : objects(json, "milestones"))
        result.milestones.push_back(
            {text(*milestone, "name"), time(*milestone, "at"), texts(*milestone, "sources")});
    for (const Json* step : objects(json, "steps"))
        result.steps.push_back({text(*step, "name"), time(*step, "at")});
    result.notes = texts(json, "notes");
    result.artefacts = texts(json, "artefacts");
    result.reproduce = text(json, "reproduce");
    result.other = other_keys(json, cell_keys);
    return result;
}

HostFacts read_host(const Json& json) {
    HostFacts host;
    const Json* from = member(json, "host", &Json::is_object);
    if (!from)
        return host;
    host.qemu = text(*from, "qemu");
    host.libvirt = text(*from, "libvirt");
    host.connection = text(*from, "connection");
    host.network = text(*from, "network");
    host.name = text(*from, "name");
    if (const Json* accelerators = member(*from, "accelerators", &Json::is_object))
        for (const auto& [arch, use] : accelerators->items())
            host.accelerators.push_back({printable(arch), text(use, "name"), text(use, "why")});
    return host;
}

}  // namespace

Json to_json(const Cell& cell) {
    return {
        {"name", printable(cell.name)},
        {"scenario", printable(cell.scenario)},
        {"image", {{"name", printable(cell.image)}, {"path", printable(cell.image_path)}}},
        {"arch", cell.arch},
        {"firmware", cell.firmware},
        {"medium", cell.medium},
        {"machine", cell.machine},
        {"variant", json_strings(cell.variant)},
    };
}

Json to_json(const Run& run) {
    Json json = {
        {"schema", schema},
        {"lktest", json_text(run.version)},
        {"command", json_strings(run.command)},
        {"started", utc_time(run.started)},
        {"seconds", seconds(run.took)},
        {"complete", run.complete},
        {"exit_code", run.complete ? Json(static_cast<int>(exit_code(run))) : Json()},
        {"counts", counts_json(count(run.cells))},
        {"host", host_json(run.host)},
        {"cells", Json::array()},
    };
    for (const CellResult& result : run.cells)
        json["cells"].push_back(cell_json(result));
    if (!run.images.empty())
        json["images"] = images_json(run.images);
    if (!run.runs.empty())
        json["runs"] = runs_json(run.runs);
    json.update(run.other);
    return json;
}

Run parse_run(const std::string& content, const fs::path& path) {
    const auto wrong = [&path](std::string_view what) {
        return usage_error(fmt::format("{} {}", path.string(), what),
                           "pass the directory of a run, as `lktest run` wrote it");
    };
    const Json json = parse_json(content);
    if (json.is_discarded() || !json.is_object())
        throw wrong("is not a JSON object");
    if (const std::string found = text(json, "schema"); found != schema)
        throw wrong(found.empty() ? "does not name a schema"
                                  : fmt::format("has the schema {} instead of {}", found, schema));
    if (!member(json, "cells", &Json::is_array))
        throw wrong("has no cells");
    Run run;
    run.version = text(json, "lktest");
    run.command = texts(json, "command");
    run.started = calendar_time(text(json, "started"));
    run.took = time(json, "seconds");
    run.complete = json.value("complete", Json()) == true;
    run.directory = path.parent_path();
    run.host = read_host(json);
    for (const Json& cell : json["cells"]) {
        if (!is_cell_directory(text(cell, "name")))
            throw wrong("has a cell without a name that a directory can have");
        run.cells.push_back(read_result(cell));
    }
    for (const Json* image : objects(json, "images"))
        run.images.push_back({text(*image, "path"), text(*image, "sha256"), whole_number(*image, "size"),
                              calendar_time(text(*image, "mtime")), text(*image, "changed")});
    for (const Json* merged : objects(json, "runs"))
        run.runs.push_back({text(*merged, "directory"), text(*merged, "started"), time(*merged, "seconds"),
                            texts(*merged, "command")});
    run.other = other_keys(json, run_keys);
    return run;
}

Run read_run(const fs::path& path) {
    const MatrixFile file = read_matrix(path);
    return parse_run(file.text, file.path);
}

}  // namespace lktest::results
