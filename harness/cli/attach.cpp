// SPDX-License-Identifier: MIT
#include "harness/cli/attach.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "builder/base/error.hpp"
#include "harness/cli/control_client.hpp"
#include "harness/cli/option.hpp"
#include "harness/terminal/terminal_relay.hpp"

namespace lktest {

void add_attach(CLI::App& app, AttachRequest& request) {
    app.add_option("CELL", request.cell, "cell name, or a unique part of it")->type_name("CELL")->required();
    add_single(app, "--run", "DIR", "run of the cell", "the last one in lktest-results",
               [&request](const std::string& word) { request.run = word; });
}

int attach(const AttachRequest& request) {
    ControlClient client(request.run);
    client.ask({{"do", "attach"}, {"cell", request.cell}});
    relay_terminal(client.socket());
    fmt::print("\n");
    return static_cast<int>(ExitCode::passed);
}

}  // namespace lktest
