// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/error.hpp"
#include "harness/cli/attach.hpp"
#include "harness/cli/build.hpp"
#include "harness/cli/check_console.hpp"
#include "harness/cli/debug.hpp"
#include "harness/cli/diagnose.hpp"
#include "harness/cli/doctor.hpp"
#include "harness/cli/history.hpp"
#include "harness/cli/init.hpp"
#include "harness/cli/inspect.hpp"
#include "harness/cli/matrix.hpp"
#include "harness/cli/module.hpp"
#include "harness/cli/report.hpp"
#include "harness/cli/rerun.hpp"
#include "harness/run/run.hpp"

namespace lktest {

/// The parsed command line.
struct Invocation {
    RunOptions run;
    RerunRequest rerun;
    ReportRequest report;
    CompareRequest compare;
    HistoryRequest history;
    InitRequest init;
    BuildRequest build;
    InspectRequest inspect;
    CheckConsoleRequest check_console;
    DiagnoseRequest diagnose;
    AttachRequest attach;
    DebugRequest debug;
    MatrixOptions matrix;
    DoctorOptions doctor;
    ModuleRequest module;
    std::string help_topic;               ///< command to show with `lktest help`; empty shows all
    std::filesystem::path man_directory;  ///< where generate-man writes; empty prints to stdout
    std::filesystem::path man_source;     ///< lktest's source, for its pages about files; empty omits those
    std::vector<std::string> begun;       ///< the command line so far, for generate-cells
};

/// Defaults that depend on the machine, for the help text. These texts fit every machine.
struct Defaults {
    std::string jobs = "as many as cores and memory allow";
    std::string arch = "this machine's";
    std::size_t width = 0;  ///< of the terminal that shows the help; 0 means any
};

/// The one definition of the command line: parsing, help, man page and completion come from it.
std::unique_ptr<CLI::App> make_app(Invocation& invocation, const Defaults& defaults = {});

/// The help of `command`, or of lktest if it is empty. Throws a usage Error if the command does not exist.
std::string help_of(const CLI::App& app, const std::string& command);

/// Turns a parse error of CLI11 into our own, with the nearest option or command as a hint.
Error explain(const CLI::App& app, const CLI::ParseError& error);

/// The commands that the help lists.
std::vector<const CLI::App*> visible_commands(const CLI::App& app);

struct Example {
    std::string_view command, meaning;
};
/// @param command  "run"; empty for lktest as a whole
std::span<const Example> examples(std::string_view command);

struct ExitMeaning {
    ExitCode code;
    std::string_view meaning;
};
/// What the exit status of a command means; empty for what it means in general.
std::vector<ExitMeaning> exit_meanings(std::string_view command);

}  // namespace lktest
