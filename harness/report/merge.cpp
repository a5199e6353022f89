// SPDX-License-Identifier: MIT
#include "harness/report/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <map>
#include <pugixml.hpp>
#include <set>
#include <sstream>

namespace lktest {
namespace {

/// "2026-11-23T15:00:01Z" as seconds since 1970; 0 when it is no such time.
double seconds_of(const std::string& time) {
    std::tm broken{};
    if (!::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%SZ", &broken))
        return 0;
    return static_cast<double>(::timegm(&broken));
}

bool ended(const SavedCell& cell) {
    return !cell.outcome.empty() && cell.outcome_class != "cancelled";
}

/// Which run has the last word on a cell.
struct Place {
    std::size_t run = 0, cell = 0;
};

std::vector<Place> choose(std::span<const SavedRun> runs) {
    std::vector<Place> places;
    std::map<std::string, std::size_t> known;  // cell → index in places
    for (std::size_t r = 0; r < runs.size(); ++r)
        for (std::size_t c = 0; c < runs[r].cells.size(); ++c) {
            const SavedCell& cell = runs[r].cells[c];
            const auto [entry, is_new] = known.emplace(cell.name, places.size());
            if (is_new) {
                places.push_back({r, c});
                continue;
            }
            Place& before = places[entry->second];
            const bool before_ended = ended(runs[before.run].cells[before.cell]);
            // Times of one format compare as text.
            const bool later = runs[r].started >= runs[before.run].started;
            if (ended(cell) == before_ended ? later : ended(cell))
                before = {r, c};
        }
    return places;
}

Json counts_of(const Json& cells) {
    std::map<std::string, int> found;
    for (const Json& cell : cells)
        ++found[cell["class"].is_string() ? cell["class"].get<std::string>() : ""];
    return {
        {"passed", found["passed"]},
        {"failed", found["product-failure"]},
        {"host_faults", found["host-failure"]},
        {"cancelled", found["cancelled"]},
        {"unfinished", found[""]},
        {"not_applicable", found["not-applicable"]},
    };
}

void set_attribute(pugi::xml_node node, const char* name, const std::string& value) {
    (node.attribute(name) ? node.attribute(name) : node.append_attribute(name)) = value.c_str();
}

/// A suite of the merged report, with what its head says.
struct Suite {
    pugi::xml_node node;
    double time = 0;
    std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
};

/// The cases that each run has the last word on, in suites of the same names.
std::string merge_junit(std::span<const std::string> junits,
                        const std::map<std::string, std::size_t>& run_of) {
    pugi::xml_document merged;
    pugi::xml_node declaration = merged.append_child(pugi::node_declaration);
    set_attribute(declaration, "version", "1.0");
    set_attribute(declaration, "encoding", "UTF-8");
    pugi::xml_node root = merged.append_child("testsuites");
    std::map<std::string, Suite> suites;
    for (std::size_t run = 0; run < junits.size(); ++run) {
        pugi::xml_document document;
        document.load_buffer(junits[run].data(), junits[run].size());
        for (const pugi::xml_node from : document.child("testsuites").children("testsuite"))
            for (const pugi::xml_node test : from.children("testcase")) {
                const auto owner = run_of.find(fmt::format("{}.{}", test.attribute("classname").value(),
                                                           test.attribute("name").value()));
                if (owner == run_of.end() || owner->second != run)
                    continue;
                Suite& suite = suites[from.attribute("name").value()];
                if (!suite.node) {
                    suite.node = root.append_child("testsuite");
                    set_attribute(suite.node, "name", from.attribute("name").value());
                    set_attribute(suite.node, "timestamp", from.attribute("timestamp").value());
                }
                suite.node.append_copy(test);
                suite.time += test.attribute("time").as_double();
                ++suite.tests;
                suite.failures += test.child("failure") ? 1 : 0;
                suite.errors += test.child("error") ? 1 : 0;
                suite.skipped += test.child("skipped") ? 1 : 0;
            }
    }
    for (const auto& [name, suite] : suites) {
        set_attribute(suite.node, "time", fmt::format("{:.3f}", suite.time));
        set_attribute(suite.node, "tests", std::to_string(suite.tests));
        set_attribute(suite.node, "failures", std::to_string(suite.failures));
        set_attribute(suite.node, "errors", std::to_string(suite.errors));
        set_attribute(suite.node, "skipped", std::to_string(suite.skipped));
    }
    std::ostringstream out;
    merged.save(out, "  ");
    return out.str();
}

}  // namespace

MergedRun merge(std::span<const SavedRun> runs, std::span<const std::string> junits,
                const std::vector<std::string>& command) {
    const std::vector<Place> places = choose(runs);
    Json cells = Json::array(), sources = Json::array();
    MergedRun merged;
    std::map<std::string, std::size_t> run_of;
    for (const Place& place : places) {
        cells.push_back(runs[place.run].matrix["cells"][place.cell]);
        merged.origin.push_back(place.run);
        run_of.emplace(runs[place.run].cells[place.cell].name, place.run);
    }
    double first = 0, last = 0;
    std::string started;
    bool complete = true;
    for (const SavedRun& run : runs) {
        sources.push_back({{"directory", printable(run.directory.string())},
                           {"started", run.started},
                           {"seconds", run.seconds},
                           {"command", json_strings(run.command)}});
        const double begin = seconds_of(run.started);
        if (started.empty() || run.started < started) {
            started = run.started;
            first = begin;
        }
        last = std::max(last, begin + run.seconds);
        complete = complete && run.complete;
    }
    merged.matrix = runs.front().matrix;  // host, versions, and what this lktest does not know
    merged.matrix["command"] = json_strings(command);
    merged.matrix["started"] = started;
    merged.matrix["seconds"] = std::round((last - first) * 1000) / 1000;
    merged.matrix["complete"] = complete;
    merged.matrix["counts"] = counts_of(cells);
    merged.matrix["cells"] = std::move(cells);
    merged.matrix["runs"] = std::move(sources);
    merged.matrix["exit_code"] = nullptr;
    if (complete)
        merged.matrix["exit_code"] = exit_status(parse_run(merged.matrix.dump(), "matrix.json"));
    merged.junit = merge_junit(junits, run_of);
    return merged;
}

}  // namespace lktest
