// SPDX-License-Identifier: MIT
#include "harness/report/junit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>

namespace lktest {
namespace {

using results::CellResult;
using results::Ending;

void add_attribute(pugi::xml_node node, const char* attribute, const std::string& value) {
    node.append_attribute(attribute) = value.c_str();
}

std::string seconds_text(std::chrono::microseconds time) {
    return fmt::format("{:.3f}", static_cast<double>(time.count()) / 1e6);
}

/// The text of a case, for people who open it in a CI system.
std::string details(const CellResult& result) {
    const Ending& verdict = *result.verdict;
    std::string text;
    const auto add = [&text](std::string_view label, std::string_view value) {
        if (!value.empty())
            text += fmt::format("{}: {}\n", label, value);
    };
    add("reason", verdict.reason);
    add("reached", verdict.reached);
    add("missing", verdict.missing);
    for (const std::string& line : results::attempt_lines(verdict))
        text += line + "\n";
    for (const std::string& line : verdict.evidence)
        text += fmt::format("    {}\n", line);
    add("hint", verdict.hint);
    add("again", result.reproduce);
    return text;
}

const char* element(OutcomeClass outcome_class) {
    switch (outcome_class) {
        case OutcomeClass::passed: return nullptr;
        case OutcomeClass::not_applicable:
        case OutcomeClass::tolerated: return "skipped";  // JUnit has no other state
        case OutcomeClass::product_failure: return "failure";
        case OutcomeClass::cancelled:
        case OutcomeClass::host_failure: return "error";
    }
    return nullptr;
}

void add_case(pugi::xml_node suite, const CellResult& result) {
    const Ending& verdict = *result.verdict;
    pugi::xml_node node = suite.append_child("testcase");
    add_attribute(node, "classname", result.cell.scenario + "." + result.cell.image);
    add_attribute(node, "name", result.cell.title());
    add_attribute(node, "time", seconds_text(verdict.took));
    const char* kind = element(verdict.outcome_class);
    if (!kind)
        return;
    pugi::xml_node outcome = node.append_child(kind);
    if (!result.bootable()) {
        add_attribute(outcome, "message", verdict.reason);
        return;
    }
    add_attribute(outcome, "type", verdict.outcome);
    add_attribute(outcome, "message", verdict.reason);
    outcome.text().set(details(result).c_str());
    if (!verdict.console.empty())
        node.append_child("system-out")
            .text()
            .set(fmt::format("{}\n", fmt::join(verdict.console, "\n")).c_str());
}

void add_suite(pugi::xml_node root, const std::string& scenario, const results::Run& run) {
    std::vector<CellResult> part;  // the cells of this scenario that have ended
    std::chrono::microseconds took{};
    for (const CellResult& result : run.cells)
        if (result.cell.scenario == scenario && result.verdict) {
            part.push_back(result);
            took += result.verdict->took;
        }
    const results::Counts counts = results::count(part);
    pugi::xml_node suite = root.append_child("testsuite");
    add_attribute(suite, "name", "lktest." + scenario);
    add_attribute(suite, "timestamp",
                  results::utc_time(run.started).substr(0, 19));  // JUnit's schema does not allow a time zone
    add_attribute(suite, "time", seconds_text(took));
    suite.append_attribute("tests") = part.size();
    suite.append_attribute("failures") = counts.failed;
    suite.append_attribute("errors") = counts.host_faults + counts.cancelled;
    suite.append_attribute("skipped") = counts.not_applicable + counts.tolerated;
    for (const CellResult& result : part)
        add_case(suite, result);
}

}  // namespace

std::string junit_report(const results::Run& run) {
    pugi::xml_document document;
    pugi::xml_node declaration = document.append_child(pugi::node_declaration);
    add_attribute(declaration, "version", "1.0");
    add_attribute(declaration, "encoding", "UTF-8");
    pugi::xml_node root = document.append_child("testsuites");
    std::vector<std::string> scenarios;
    for (const CellResult& result : run.cells)
        if (std::ranges::find(scenarios, result.cell.scenario) == scenarios.end())
            scenarios.push_back(result.cell.scenario);
    for (const std::string& scenario : scenarios)
        add_suite(root, scenario, run);
    std::ostringstream out;
    document.save(out, "  ");
    return out.str();
}

}  // namespace lktest
