// SPDX-License-Identifier: MIT
#include "harness/report/junit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>

#include "builder/base/printable.hpp"

namespace lktest {
namespace {

void add_attribute(pugi::xml_node node, const char* attribute, const std::string& value) {
    node.append_attribute(attribute) = value.c_str();
}

std::string in_seconds(std::chrono::microseconds time) {
    return fmt::format("{:.3f}", static_cast<double>(time.count()) / 1e6);
}

/// What a person reads who opens the case in a CI system.
std::string details(const CellResult& result) {
    const Verdict& verdict = *result.verdict;
    std::string text;
    const auto add = [&text](std::string_view label, std::string_view value) {
        if (!value.empty())
            text += fmt::format("{}: {}\n", label, printable(value));
    };
    add("reason", verdict.reason);
    add("reached", verdict.reached);
    add("missing", verdict.missing);
    for (const std::string& line : verdict.evidence)
        text += fmt::format("    {}\n", printable(line));
    add("hint", verdict.hint);
    add("again", result.reproduce);
    return text;
}

const char* element(OutcomeClass outcome_class) {
    switch (outcome_class) {
        case OutcomeClass::passed: return nullptr;
        case OutcomeClass::not_applicable:
        case OutcomeClass::tolerated: return "skipped";  // JUnit knows no third way
        case OutcomeClass::product_failure: return "failure";
        case OutcomeClass::cancelled:
        case OutcomeClass::host_failure: return "error";
    }
    return nullptr;
}

void add_case(pugi::xml_node suite, const CellResult& result) {
    const Verdict& verdict = *result.verdict;
    pugi::xml_node node = suite.append_child("testcase");
    add_attribute(node, "classname", printable(result.cell.scenario + "." + result.cell.image.name));
    std::string title =
        fmt::format("{}-{}-{}", name(result.cell.arch), name(result.cell.firmware), name(result.cell.medium));
    for (const std::string& word : words(result.cell.hardware))
        title += "-" + word;
    add_attribute(node, "name", title);
    add_attribute(node, "time", in_seconds(verdict.took));
    const char* kind = element(class_of(verdict.outcome));
    if (!kind)
        return;
    pugi::xml_node outcome = node.append_child(kind);
    if (verdict.outcome == Outcome::not_applicable) {
        add_attribute(outcome, "message", printable(verdict.reason));
        return;
    }
    add_attribute(outcome, "type", std::string(name(verdict.outcome)));
    add_attribute(outcome, "message", printable(verdict.reason));
    outcome.text().set(details(result).c_str());
}

void add_suite(pugi::xml_node root, const std::string& scenario, const RunReport& report) {
    RunReport part;  // the cells of this scenario that have ended
    std::chrono::microseconds took{};
    for (const CellResult& result : report.cells)
        if (result.cell.scenario == scenario && result.verdict) {
            part.cells.push_back(result);
            took += result.verdict->took;
        }
    const Counts counts = count(part);
    pugi::xml_node suite = root.append_child("testsuite");
    add_attribute(suite, "name", "lktest." + printable(scenario));
    add_attribute(suite, "timestamp",
                  utc_time(report.started).substr(0, 19));  // JUnit's schema knows no zone
    add_attribute(suite, "time", in_seconds(took));
    suite.append_attribute("tests") = part.cells.size();
    suite.append_attribute("failures") = counts.failed;
    suite.append_attribute("errors") = counts.host_faults + counts.cancelled;
    suite.append_attribute("skipped") = counts.not_applicable + counts.tolerated;
    for (const CellResult& result : part.cells)
        add_case(suite, result);
}

}  // namespace

std::string junit_report(const RunReport& report) {
    pugi::xml_document document;
    pugi::xml_node declaration = document.append_child(pugi::node_declaration);
    add_attribute(declaration, "version", "1.0");
    add_attribute(declaration, "encoding", "UTF-8");
    pugi::xml_node root = document.append_child("testsuites");
    std::vector<std::string> scenarios;
    for (const CellResult& result : report.cells)
        if (std::ranges::find(scenarios, result.cell.scenario) == scenarios.end())
            scenarios.push_back(result.cell.scenario);
    for (const std::string& scenario : scenarios)
        add_suite(root, scenario, report);
    std::ostringstream out;
    document.save(out, "  ");
    return out.str();
}

}  // namespace lktest
