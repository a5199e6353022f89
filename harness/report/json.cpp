// SPDX-License-Identifier: MIT
#include "harness/report/json.hpp"

#include <cmath>

#include "harness/results/json.hpp"

namespace lktest {
namespace {

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

std::string json_report(const results::Run& run) {
    return json_output(results::to_json(run), 2) + "\n";
}

std::string json_line(const Event& event) {
    return json_output(event_json(Json::object(), event)) + "\n";
}

std::string json_line(const results::Cell& cell, const Event& event) {
    return json_output(event_json({{"cell", cell.name}}, event)) + "\n";
}

std::string json_line(const results::Cell& cell, const results::Ending& ending) {
    const Json json = {
        {"cell", cell.name},
        {"at", std::round(static_cast<double>(ending.took.count()) / 1000.0) / 1000.0},
        {"kind", "verdict"},
        {"outcome", ending.outcome},
        {"class", results::class_word(ending.outcome_class)},
        {"reached", json_text(ending.reached)},
        {"reason", json_text(ending.reason)},
    };
    return json_output(json) + "\n";
}

std::string json_lines(const results::Run& run) {
    std::string lines;
    for (const results::CellResult& cell : run.cells)
        if (cell.verdict)
            lines += json_line(cell.cell, *cell.verdict);
    return lines;
}

}  // namespace lktest
