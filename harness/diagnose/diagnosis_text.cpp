// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "builder/base/json_text.hpp"
#include "builder/base/printable.hpp"
#include "harness/diagnose/diagnosis.hpp"

namespace lktest {
namespace {

Json json_backtraces(const std::vector<Backtrace>& backtraces) {
    Json json = Json::array();
    for (const Backtrace& backtrace : backtraces)
        json.push_back({{"cpu", backtrace.cpu},
                        {"frames", json_strings(backtrace.frames)},
                        {"code", json_strings(backtrace.code)}});
    return json;
}

}  // namespace

std::string json_diagnosis(const Diagnosis& diagnosis) {
    Json causes = Json::array();
    for (const RankedCause& cause : diagnosis.causes)
        causes.push_back({{"id", cause.id},
                          {"stage", cause.stage},
                          {"cause", cause.cause},
                          {"fix", cause.fix},
                          {"source", cause.source},
                          {"confirmed", cause.confirmed},
                          {"evidence", json_strings(cause.evidence)}});
    const Json json = {
        {"schema", "lktest.diagnosis/1"},
        {"stage", name(diagnosis.stage)},
        {"summary", json_text(diagnosis.summary)},
        {"evidence", json_strings(diagnosis.evidence)},
        {"cause", json_text(diagnosis.cause)},
        {"reason", json_text(diagnosis.reason)},
        {"fix", json_text(diagnosis.fix)},
        {"silence", diagnosis.silence ? Json{{"name", diagnosis.silence->name},
                                             {"reason", printable(diagnosis.silence->reason)},
                                             {"fix", diagnosis.silence->fix}}
                                      : Json()},
        {"proof", json_strings(diagnosis.proof)},
        {"causes", causes},
        {"last_lines", json_strings(diagnosis.last_lines)},
        {"cpus", json_strings(diagnosis.cpus)},
        {"backtraces", json_backtraces(diagnosis.backtraces)},
        {"at_prompt", json_text(diagnosis.at_prompt)},
        {"root_file_system", json_text(diagnosis.root)},
        {"tasks", json_strings(diagnosis.tasks)},
        {"disks", json_strings(diagnosis.disks)},
        {"network", json_strings(diagnosis.network)},
        {"devices", json_strings(diagnosis.devices)},
        {"untold", json_strings(diagnosis.untold)},
        {"seconds", static_cast<double>(diagnosis.took.count()) / 1e6},
    };
    return json_output(json, 2) + "\n";
}

std::string text_of_cpus(const Diagnosis& diagnosis) {
    std::string text;
    for (std::size_t i = 0; i < diagnosis.cpus.size(); ++i) {
        text += diagnosis.cpus[i] + "\n";
        for (const Backtrace& backtrace : diagnosis.backtraces)
            if (backtrace.cpu == i) {
                for (const std::string& frame : backtrace.frames)
                    text += "    " + printable(frame) + "\n";
                for (const std::string& instruction : backtrace.code)
                    text += "      " + printable(instruction) + "\n";
            }
    }
    const auto list = [&text](std::string_view title, const std::vector<std::string>& sentences) {
        if (!sentences.empty())
            text += fmt::format("\n{}:\n", title);
        for (const std::string& sentence : sentences)
            text += "  " + printable(sentence) + "\n";
    };
    list("programs", diagnosis.tasks);
    list("disks", diagnosis.disks);
    list("network", diagnosis.network);
    list("devices", diagnosis.devices);
    list("unknown", diagnosis.untold);
    return text;
}

}  // namespace lktest
