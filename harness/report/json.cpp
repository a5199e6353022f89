// SPDX-License-Identifier: MIT
#include "harness/report/json.hpp"

#include <cmath>

#include "builder/base/json_text.hpp"

namespace lktest {
namespace {

/// Seconds, to the millisecond.
double seconds(std::chrono::microseconds time) {
    return std::round(static_cast<double>(time.count()) / 1000.0) / 1000.0;
}

Json milestone_json(const MilestoneTime& milestone) {
    Json sources = Json::array();
    for (const Source source : milestone.sources)
        sources.push_back(name(source));
    return {{"name", printable(milestone.name)}, {"at", seconds(milestone.at)}, {"sources", sources}};
}

std::string_view class_name(OutcomeClass outcome_class) {
    switch (outcome_class) {
        case OutcomeClass::passed: return "passed";
        case OutcomeClass::not_applicable: return "not-applicable";
        case OutcomeClass::cancelled: return "cancelled";
        case OutcomeClass::tolerated: return "tolerated";
        case OutcomeClass::product_failure: return "product-failure";
        case OutcomeClass::host_failure: return "host-failure";
    }
    return "";
}

/// What the machine is made of; null where the scenario says it, or nobody.
Json machine_json(const BootCell& cell) {
    const Hardware& hardware = cell.hardware;
    const auto named = [](const auto& value) { return value ? Json(name(*value)) : Json(); };
    return {
        {"type", name(chipset(cell))},
        {"cpu", hardware.cpu.empty() ? Json() : Json(hardware.cpu)},
        {"cpus", hardware.cpus ? Json(*hardware.cpus) : Json()},
        {"memory", hardware.memory ? Json(*hardware.memory) : Json()},
        {"tables", named(hardware.tables)},
        {"tpm", named(hardware.tpm)},
        {"graphics", named(hardware.graphics)},
        {"card", named(hardware.card)},
    };
}

Json cell_json(const CellResult& result) {
    Json json = json_cell(result.cell);
    json["outcome"] = nullptr;
    json["class"] = nullptr;
    if (result.verdict) {
        const Verdict& verdict = *result.verdict;
        json["outcome"] = name(verdict.outcome);
        json["class"] = class_name(class_of(verdict.outcome));
        json["seconds"] = seconds(verdict.took);
        json["reached"] = json_text(verdict.reached);
        json["missing"] = json_text(verdict.missing);
        json["reason"] = json_text(verdict.reason);
        json["evidence"] = json_strings(verdict.evidence);
        json["hint"] = json_text(verdict.hint);
    }
    json["milestones"] = Json::array();
    for (const MilestoneTime& milestone : result.milestones)
        json["milestones"].push_back(milestone_json(milestone));
    json["steps"] = Json::array();
    for (const StepTime& step : result.steps)
        json["steps"].push_back({{"name", printable(step.name)}, {"at", seconds(step.at)}});
    json["artefacts"] = Json::array();
    for (const std::filesystem::path& artefact : result.artefacts)
        json["artefacts"].push_back(printable(artefact.string()));
    json["reproduce"] = json_text(result.reproduce);
    return json;
}

Json host_json(const HostFacts& host) {
    Json accelerators = Json::object();
    for (const AcceleratorUse& use : host.accelerators)
        accelerators[std::string(name(use.arch))] = {{"name", json_text(use.accelerator)},
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

Json event_json(Json json, const Event& event) {
    json["at"] = static_cast<double>(event.at.count()) / 1e6;
    json["kind"] = name(event.kind);
    json["source"] = name(event.source);
    if (!event.name.empty())
        json["name"] = printable(event.name);
    if (!event.text.empty())
        json["text"] = printable(event.text);
    return json;
}

}  // namespace

Json json_cell(const BootCell& cell) {
    return {
        {"name", name(cell)},
        {"scenario", printable(cell.scenario)},
        {"image", {{"name", printable(cell.image.name)}, {"path", printable(cell.image.path.string())}}},
        {"arch", name(cell.arch)},
        {"firmware", name(cell.firmware)},
        {"medium", name(cell.medium)},
        {"machine", machine_json(cell)},
    };
}

std::string json_report(const RunReport& report) {
    Json json = {
        {"schema", "lktest.matrix/1"},
        {"lktest", json_text(report.version)},
        {"command", json_strings(report.command)},
        {"started", utc_time(report.started)},
        {"seconds", seconds(report.took)},
        {"complete", report.complete},
        {"exit_code", report.complete ? Json(static_cast<int>(exit_code(report))) : Json()},
        {"counts", counts_json(count(report))},
        {"host", host_json(report.host)},
        {"cells", Json::array()},
    };
    for (const CellResult& result : report.cells)
        json["cells"].push_back(cell_json(result));
    return json_output(json, 2) + "\n";
}

std::string json_line(const Event& event) {
    return json_output(event_json(Json::object(), event)) + "\n";
}

std::string json_line(const BootCell& cell, const Event& event) {
    return json_output(event_json({{"cell", name(cell)}}, event)) + "\n";
}

std::string json_line(const BootCell& cell, const Verdict& verdict) {
    const Json json = {
        {"cell", name(cell)},
        {"at", seconds(verdict.took)},
        {"kind", "verdict"},
        {"outcome", name(verdict.outcome)},
        {"class", class_name(class_of(verdict.outcome))},
        {"reached", json_text(verdict.reached)},
        {"reason", json_text(verdict.reason)},
    };
    return json_output(json) + "\n";
}

}  // namespace lktest
