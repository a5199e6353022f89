// SPDX-License-Identifier: MIT
#include "harness/report/saved_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "builder/base/error.hpp"
#include "harness/results/run_files.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view schema = "lktest.matrix/1";

/// A member that is a string; empty when it is null, missing, or something else.
std::string text(const Json& object, const char* key) {
    const auto member = object.find(key);
    return member != object.end() && member->is_string() ? printable(member->get<std::string>()) : "";
}

double number(const Json& object, const char* key) {
    const auto member = object.find(key);
    return member != object.end() && member->is_number() ? member->get<double>() : 0;
}

std::vector<std::string> texts(const Json& object, const char* key) {
    std::vector<std::string> all;
    if (const auto member = object.find(key); member != object.end() && member->is_array())
        for (const Json& value : *member)
            if (value.is_string())
                all.push_back(printable(value.get<std::string>()));
    return all;
}

SavedCell read_cell(const Json& json) {
    SavedCell cell{.name = text(json, "name"),
                   .scenario = text(json, "scenario"),
                   .arch = text(json, "arch"),
                   .outcome = text(json, "outcome"),
                   .outcome_class = text(json, "class"),
                   .seconds = number(json, "seconds"),
                   .reached = text(json, "reached"),
                   .missing = text(json, "missing"),
                   .reason = text(json, "reason"),
                   .hint = text(json, "hint"),
                   .reproduce = text(json, "reproduce"),
                   .evidence = texts(json, "evidence"),
                   .milestones = {}};
    if (const auto milestones = json.find("milestones"); milestones != json.end() && milestones->is_array())
        for (const Json& milestone : *milestones)
            if (milestone.is_object())
                cell.milestones.push_back({text(milestone, "name"), number(milestone, "at")});
    return cell;
}

/// Deeper JSON than any lktest writes would exhaust the stack where it is copied or printed.
constexpr int deepest = 64;

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

std::size_t count(const SavedRun& run, std::string_view outcome_class) {
    return static_cast<std::size_t>(std::ranges::count(run.cells, outcome_class, &SavedCell::outcome_class));
}

}  // namespace

SavedRun parse_run(const std::string& content, const fs::path& name) {
    const auto wrong = [&name](std::string_view what) {
        return usage_error(fmt::format("{} {}", name.string(), what),
                           "give the directory of a run, as `lktest run` wrote it");
    };
    Json json = parse_json(content);
    if (json.is_discarded() || !json.is_object())
        throw wrong("is no JSON object");
    if (const std::string found = text(json, "schema"); found != schema)
        throw wrong(found.empty() ? "names no schema"
                                  : fmt::format("has the schema {}, and not {}", found, schema));
    if (const auto cells = json.find("cells"); cells == json.end() || !cells->is_array())
        throw wrong("has no cells");
    SavedRun run{.directory = name.parent_path(),
                 .matrix = {},
                 .started = text(json, "started"),
                 .seconds = number(json, "seconds"),
                 .complete = json.value("complete", Json()) == true,
                 .command = texts(json, "command"),
                 .cells = {}};
    for (const Json& cell : json["cells"]) {
        if (!cell.is_object() || !results::is_cell_directory(text(cell, "name")))
            throw wrong("has a cell without a name");
        run.cells.push_back(read_cell(cell));
    }
    run.matrix = std::move(json);
    return run;
}

SavedRun read_run(const fs::path& path) {
    const results::MatrixFile file = results::read_matrix(path);
    return parse_run(file.text, file.path);
}

int exit_status(const SavedRun& run) {
    if (count(run, "product-failure") > 0)
        return static_cast<int>(ExitCode::boot_failed);
    if (count(run, "host-failure") > 0)
        return static_cast<int>(ExitCode::host);
    const bool unproven = count(run, "cancelled") + count(run, "") > 0;
    return static_cast<int>(unproven ? ExitCode::boot_failed : ExitCode::passed);
}

std::string counts_line(const SavedRun& run) {
    std::vector<std::string> others;
    const auto add = [&](std::string_view outcome_class, std::string_view what) {
        if (const std::size_t number = count(run, outcome_class); number > 0)
            others.push_back(fmt::format("{} {}", number, what));
    };
    add("product-failure", "failed");
    add("host-failure", count(run, "host-failure") == 1 ? "host fault" : "host faults");
    add("cancelled", "cancelled");
    add("", "not run");
    const std::size_t none = count(run, "not-applicable"), total = run.cells.size() - none;
    std::string line =
        fmt::format("{} of {} {} passed", count(run, "passed"), total, total == 1 ? "cell" : "cells");
    if (!others.empty())
        line += fmt::format(" ({})", fmt::join(others, ", "));
    return none == 0 ? line : fmt::format("{} · {} not applicable", line, none);
}

}  // namespace lktest
