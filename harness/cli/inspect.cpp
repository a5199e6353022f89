// SPDX-License-Identifier: MIT
#include "harness/cli/inspect.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "builder/base/error.hpp"
#include "harness/cli/inspect_json.hpp"
#include "harness/cli/inspect_text.hpp"
#include "harness/cli/terminal.hpp"

namespace lktest {

void add_inspect(CLI::App& app, InspectRequest& request) {
    app.add_option("ISO", request.iso, "any live or installation medium")->type_name("ISO")->required();
    app.add_flag("--json", request.json, "print JSON");
}

namespace {

/// Reading more would make users wait; what is left out is reported.
constexpr std::uint64_t checksum_limit = std::uint64_t{4} << 30;

}  // namespace

int inspect(const InspectRequest& request) {
    const MediumFacts facts = read_medium_facts(request.iso, {.checksum_limit = checksum_limit});
    const std::vector<IsoFinding> findings = find_faults(facts);
    const std::string name = request.iso.filename().string();
    fmt::print("{}", request.json ? inspect_json(name, facts, findings)
                                  : inspect_text(name, facts, findings, style_of(stdout)));
    const bool bad =
        std::ranges::find(findings, IsoFinding::Grade::error, &IsoFinding::grade) != findings.end();
    return static_cast<int>(bad ? ExitCode::boot_failed : ExitCode::passed);
}

}  // namespace lktest
