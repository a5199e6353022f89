// SPDX-License-Identifier: MIT
#include "harness/cli/app.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "builder/base/problem.hpp"
#include "harness/cli/help.hpp"
#include "harness/cli/run_options.hpp"

namespace lktest {
namespace {

constexpr std::array run_examples{
    Example{"lktest run", "lktest's own media, on every machine"},
    Example{"lktest run --arch aarch64 --firmware uefi", "one cell"},
    Example{"lktest run --medium cdrom --medium usb", "as a CD and as a USB stick"},
    Example{"lktest run live.iso --scenario mine.toml", "your ISO and your scenario"},
};
constexpr std::array matrix_examples{
    Example{"lktest matrix --all", "every possible cell"},
    Example{"lktest matrix --all --reduce pairwise --json", "a small selection, for programs"},
    Example{"lktest matrix live.iso --format github", "a job for each cell"},
};
constexpr std::array build_examples{
    Example{"lktest build recovery --arch aarch64 -o live.iso", "the recovery system, for ARM"},
    Example{"lktest build ./mine.toml --source-date-epoch 1700000000", "the same bits every time"},
};
constexpr std::array inspect_examples{
    Example{"lktest inspect live.iso", "what is on an ISO, and what is wrong"},
    Example{"lktest inspect --json live.iso", "the same for programs"},
};
constexpr std::array check_console_examples{
    Example{"lktest check-console console.log", "what failed in a saved log"},
    Example{"lktest check-console --json *.log", "the same for many logs, for programs"},
};
constexpr std::array diagnose_examples{
    Example{"lktest diagnose x86_64-uefi", "a running cell, or one kept by --keep"},
    Example{"lktest diagnose vm1 --connect qemu:///system -o vm1/", "any libvirt guest"},
};
constexpr std::array attach_examples{
    Example{"lktest attach x86_64-uefi", "its console; Ctrl-] opens a prompt"},
};
constexpr std::array debug_examples{
    Example{"lktest debug --arch aarch64 --firmware uefi --stop-at kernel", "stop at a milestone"},
    Example{"lktest debug live.iso --arch x86_64 --firmware bios --at kernel-entry", "for gdb"},
};
constexpr std::array doctor_examples{
    Example{"lktest doctor", "what is missing here, and how to fix it"},
};
constexpr std::array rerun_examples{
    Example{"lktest rerun --failed", "the failed cells of the last run"},
};
constexpr std::array report_examples{
    Example{"lktest report shard-*/", "merge shards into one report"},
    Example{"lktest report --format markdown lktest-results", "the last run, for a pull request"},
};
constexpr std::array compare_examples{
    Example{"lktest compare main/ branch/", "new failures and fixes"},
};
constexpr std::array history_examples{
    Example{"lktest history", "every cell"},
    Example{"lktest history uefi --fail-on-regression", "a gate for boot times"},
};
constexpr std::array init_examples{
    Example{"lktest init my-live/", "scenario.toml and recipe.toml"},
};
constexpr std::array module_examples{
    Example{"lktest module pack tools/ 10-tools.sb", "files to add to the live system"},
    Example{"lktest module unpack 10-tools.sb tools/", "and back"},
};
constexpr std::array first_examples{Example{"lktest run my-live.iso", "boot it, and say why it fails"},
                                    run_examples[0], build_examples[0], inspect_examples[0],
                                    doctor_examples[0]};

constexpr std::array help_examples{
    Example{"lktest help run", "the options of lktest run"},
};
constexpr std::array version_examples{
    Example{"lktest version", "for a bug report"},
};

struct CommandExamples {
    std::string_view command;
    std::span<const Example> examples;
};
constexpr std::array all_examples{
    CommandExamples{"run", run_examples},
    CommandExamples{"matrix", matrix_examples},
    CommandExamples{"build", build_examples},
    CommandExamples{"inspect", inspect_examples},
    CommandExamples{"check-console", check_console_examples},
    CommandExamples{"diagnose", diagnose_examples},
    CommandExamples{"attach", attach_examples},
    CommandExamples{"debug", debug_examples},
    CommandExamples{"doctor", doctor_examples},
    CommandExamples{"module", module_examples},
    CommandExamples{"rerun", rerun_examples},
    CommandExamples{"report", report_examples},
    CommandExamples{"compare", compare_examples},
    CommandExamples{"history", history_examples},
    CommandExamples{"init", init_examples},
    CommandExamples{"help", help_examples},
    CommandExamples{"version", version_examples},
};

/// The meanings of the statuses 0 and 1 of a command; an empty one does not occur.
struct CommandExits {
    std::string_view command, passed, failed;
};
constexpr std::array all_exits{
    CommandExits{"", "every boot passed",
                 "a boot failed, a medium has an error, or the run was stopped early"},
    CommandExits{"run", "every boot passed, or failed in a tolerated way",
                 "a boot failed, or the run was stopped early"},
    CommandExits{"rerun", "every boot passed, or failed in a tolerated way",
                 "a boot failed, or the run was stopped early"},
    CommandExits{"matrix", "the cells are printed", ""},
    CommandExits{"report", "every boot of the run passed", "a boot of the run failed, or did not end"},
    CommandExits{"compare", "no cell fails newly", "a cell fails that passed before"},
    CommandExits{"history", "the history is printed", "with --fail-on-regression: a stage became slower"},
    CommandExits{"init", "the files are written", ""},
    CommandExits{"build", "the image is complete", ""},
    CommandExits{"inspect", "the medium has no error", "the medium has an error"},
    CommandExits{"check-console", "the logs show no failure", "a log shows a failure"},
    CommandExits{"diagnose", "the diagnosis is printed", ""},
    CommandExits{"attach", "the session is over", ""},
    CommandExits{"debug", "the session is over", ""},
    CommandExits{"doctor", "nothing that cells need is missing", ""},
    CommandExits{"module", "the module is packed or unpacked", ""},
    CommandExits{"help", "the help is printed", ""},
    CommandExits{"version", "the version is printed", ""},
};

/// The groups of the commands that not everyone needs.
constexpr const char *result_commands = "Results of runs", *guest_commands = "Running guests",
                     *media_commands = "Media", *other_commands = "Other commands";

/// The innermost subcommand given so far.
const CLI::App& innermost(const CLI::App& app) {
    const auto given = app.get_subcommands();
    return given.empty() ? app : *given.front();
}

std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames())
            names.push_back("--" + name);
    return names;
}

/// "lktest build, lktest run": the first commands that have an option.
std::string commands_with(const CLI::App& app, const std::string& option) {
    constexpr std::size_t most = 3;
    std::vector<std::string> found;
    for (const CLI::App* command : visible_commands(app)) {
        const bool known =
            std::ranges::any_of(command->get_options([](const CLI::Option*) { return true; }),
                                [&](const CLI::Option* other) { return other->check_name(option); });
        if (known && found.size() < most)
            found.push_back(full_name(*command));
    }
    return fmt::format("{}", fmt::join(found, ", "));
}

Error unknown_word(const CLI::App& app, const std::string& word) {
    const CLI::App& command = innermost(app);
    std::vector<std::string> names;
    std::string what;
    if (word.starts_with("-")) {
        const std::string option = word.substr(0, word.find('='));
        what = fmt::format("{} has no option {}", full_name(command), option);
        names = option_names(command);
        const std::vector<std::string_view> candidates(names.begin(), names.end());
        const std::string_view nearest = nearest_name(option, candidates);
        if (!nearest.empty())
            return usage_error(what, fmt::format("did you mean '{}'?", nearest));
        const std::string owners = commands_with(app, option);
        return usage_error(what, owners.empty() ? fmt::format("see {} --help", full_name(command))
                                                : fmt::format("it is an option of {}", owners));
    }
    if (&command != &app)
        return usage_error(fmt::format("{} does not know what to do with '{}'", full_name(command), word),
                           fmt::format("see {} --help", full_name(command)));
    for (const CLI::App* known : visible_commands(app))
        names.push_back(known->get_name());
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    std::error_code ignored;
    const bool is_file = std::filesystem::exists(word, ignored);
    return usage_error(
        fmt::format("unknown command '{}'", word),
        is_file ? fmt::format("to boot it: lktest run {}", word) : suggestion(word, candidates));
}

}  // namespace

std::unique_ptr<CLI::App> make_app(Invocation& invocation, const Defaults& defaults) {
    auto app = std::make_unique<CLI::App>("boots live media and reports where they boot", "lktest");
    app->formatter(std::make_shared<HelpFormatter>(defaults.width));
    app->set_help_flag("-h,--help", "show this help");
    app->set_version_flag("--version", "lktest " LKTEST_VERSION, "show the version");
    app->require_subcommand(1);
    add_run(*app->add_subcommand("run", "boots live media and reports where they boot"), invocation.run,
            defaults.jobs);
    add_matrix(*app->add_subcommand("matrix", "shows the cells that 'lktest run' would boot"),
               invocation.matrix);
    add_rerun(*app->add_subcommand("rerun", "boots the cells of an earlier run again"), invocation.rerun);
    add_report(*app->add_subcommand("report", "prints a run, or merges several"), invocation.report);
    add_compare(*app->add_subcommand("compare", "shows what changed between two runs"), invocation.compare);
    add_history(*app->add_subcommand("history", "shows pass rates and boot times of all runs"),
                invocation.history);
    add_init(*app->add_subcommand("init", "writes a scenario and a recipe to start with"), invocation.init);
    add_build(*app->add_subcommand("build", "builds a live ISO from a recipe"), invocation.build,
              defaults.arch);
    add_inspect(*app->add_subcommand("inspect", "shows what is on a medium and what is wrong with it"),
                invocation.inspect);
    add_check_console(*app->add_subcommand("check-console", "finds failures in saved console logs"),
                      invocation.check_console);
    add_diagnose(*app->add_subcommand("diagnose", "shows where a running or kept guest is, and why"),
                 invocation.diagnose);
    add_attach(*app->add_subcommand("attach", "connects your terminal to the console of a guest"),
               invocation.attach);
    add_debug(*app->add_subcommand("debug", "boots one cell with your terminal on its console"),
              invocation.debug);
    add_doctor(*app->add_subcommand("doctor", "checks this machine and says how to fix what is missing"),
               invocation.doctor);
    add_module(*app->add_subcommand("module", "packs or unpacks a module (.sb) of a live medium"),
               invocation.module);
    for (const char* command : {"run", "matrix", "inspect", "report", "rerun", "diagnose", "doctor"})
        app->get_subcommand(command)->group(everyday_commands);
    for (const char* command : {"compare", "history", "check-console"})
        app->get_subcommand(command)->group(result_commands);
    for (const char* command : {"attach", "debug"})
        app->get_subcommand(command)->group(guest_commands);
    for (const char* command : {"build", "init", "module"})
        app->get_subcommand(command)->group(media_commands);
    for (const char* command : {"run", "matrix", "debug"}) {
        CLI::App& grouped = *app->get_subcommand(command);
        grouped.set_help_all_flag("--help-all", "show every option and value");
        group_options(grouped);
    }
    app->add_subcommand("help", "shows the help of a command")
        ->add_option("COMMAND", invocation.help_topic, "the command")
        ->type_name("COMMAND");
    app->add_subcommand("version", "shows the version");
    for (const char* command : {"help", "version"})
        app->get_subcommand(command)->group(other_commands);
    // Only our own build uses these; an empty group hides them.
    CLI::App* man = app->add_subcommand("generate-man", "prints lktest(1), or writes all pages")->group("");
    man->add_option("DIR", invocation.man_directory)->type_name("DIR");
    man->add_option("SOURCE", invocation.man_source)->type_name("DIR");
    CLI::App* cells = app->add_subcommand("generate-cells", "prints the names that can follow a command line")
                          ->group("")
                          ->prefix_command();
    cells->final_callback([cells, &invocation] { invocation.begun = cells->remaining(); });
    app->add_subcommand("generate-completion", "prints the completion for bash")->group("");
    return app;
}

std::string help_of(const CLI::App& app, const std::string& command) {
    if (command.empty())  // App::help() would describe the command on the command line, which is `help`
        return app.get_formatter()->make_help(&app, "", CLI::AppFormatMode::Normal);
    std::vector<std::string_view> names;
    for (const CLI::App* known : visible_commands(app)) {
        if (known->get_name() == command)
            return known->help();
        names.push_back(known->get_name());
    }
    throw usage_error(fmt::format("unknown command '{}'", command), suggestion(command, names));
}

Error explain(const CLI::App& app, const CLI::ParseError& error) {
    if (const std::vector<std::string> unknown = app.remaining(true); !unknown.empty())
        return unknown_word(app, unknown.front());
    if (app.get_subcommands().empty())
        return usage_error("a command is missing", "see lktest --help");
    if (error.get_name() == "ArgumentMismatch") {
        const std::string what = error.what();  // "--timeout: 1 required SECONDS missing"
        return usage_error(fmt::format("{} needs a value", what.substr(0, what.find(':'))),
                           fmt::format("see {} --help", full_name(innermost(app))));
    }
    return usage_error(fmt::format("{}: {}", full_name(innermost(app)), error.what()),
                       fmt::format("see {} --help", full_name(innermost(app))));
}

std::vector<const CLI::App*> visible_commands(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

std::span<const Example> examples(std::string_view command) {
    const auto found = std::ranges::find(all_examples, command, &CommandExamples::command);
    return found == all_examples.end() ? first_examples : found->examples;
}

std::vector<ExitMeaning> exit_meanings(std::string_view command) {
    const auto found = std::ranges::find(all_exits, command, &CommandExits::command);
    std::vector<ExitMeaning> meanings{{ExitCode::passed, found->passed}};
    if (!found->failed.empty())
        meanings.push_back({ExitCode::boot_failed, found->failed});
    meanings.push_back({ExitCode::usage, command == "check-console" ? "bad usage, or no line was recognized"
                                                                    : "bad usage or input"});
    meanings.push_back({ExitCode::host, "this machine lacks something or failed"});
    return meanings;
}

}  // namespace lktest
