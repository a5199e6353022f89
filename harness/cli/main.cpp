// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <span>
#include <system_error>

#include "builder/base/file.hpp"
#include "builder/base/host_limits.hpp"
#include "builder/base/printable.hpp"
#include "harness/cli/app.hpp"
#include "harness/cli/completion.hpp"
#include "harness/cli/confined_jobs.hpp"
#include "harness/cli/help.hpp"
#include "harness/cli/man.hpp"
#include "harness/run/lookup.hpp"
#include "harness/run/machine_size.hpp"
#include "harness/run/schedule.hpp"
#include "harness/run/watched.hpp"
#include "harness/scenario/scenario.hpp"
#include "harness/terminal/guarded_output.hpp"
#include "harness/terminal/terminal.hpp"

namespace {

using namespace lktest;

constexpr std::size_t longest_line = 1000;

/// Makes command-line words in a message printable, so that a newline in a file name cannot start a line.
std::string with_printable_words(std::string message, std::span<char* const> words) {
    for (const std::string_view word : words) {
        const std::string_view value = word.substr(word.starts_with("--") ? word.find('=') + 1 : 0);
        const std::string safe = printable(value);
        if (value.empty() || safe == value)
            continue;
        for (std::size_t at = 0; (at = message.find(value, at)) != std::string::npos; at += safe.size())
            message.replace(at, value.size(), safe);
    }
    return message;
}

/// Prints an error and its hint; a message may have several lines.
int complain(std::string_view what, const std::string& given_hint, ExitCode code) {
    const std::string hint = hint_for_message(what, given_hint);
    const Style style = style_of(stderr);
    const auto print = [&style](const Line& line) {
        std::fputs((paint(line, style) + "\n").c_str(), stderr);
    };
    // Some messages begin with the command's full name.
    Line line{{what.starts_with("lktest ") ? "" : "lktest: ", Tone::bad}};
    for (std::size_t start = 0; start <= what.size();) {
        const std::size_t end = std::min(what.find('\n', start), what.size());
        line.push_back({clip(printable(what.substr(start, end - start)), longest_line)});
        print(line);
        line.clear();
        start = end + 1;
    }
    if (!hint.empty())
        print({{"hint: ", Tone::strong}, {printable(hint)}});
    return static_cast<int>(code);
}

/// @return the exit status
int print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    return static_cast<int>(ExitCode::passed);
}

Defaults defaults_here() {
    const MachineSize size = machine_size();
    const unsigned jobs = default_jobs(size.cores, size.memory_available, MachineSettings{}.memory);
    return {.jobs = fmt::format("{} on this machine", jobs),
            .arch = std::string(name(host_arch())),
            .width = is_terminal(stdout) ? style_of(stdout).width : 0};
}

/// While lktest is being built, its data may not be in its final place yet.
std::vector<std::string> names_if_there(const DataKind& kind) {
    try {
        return data_names(kind);
    } catch (const Error&) {
        return {};
    }
}

/// lktest.1, lktest-run.1 …, lktest-scenario.5, lktest-recipe.5
int write_man_pages(const CLI::App& app, const std::filesystem::path& directory,
                    const std::filesystem::path& source) {
    make_directories(directory);
    write_file(directory / "lktest.1", man_page(app));
    for (const CLI::App* command : visible_commands(app))
        write_file(directory / ("lktest-" + command->get_name() + ".1"), command_page(*command));
    if (source.empty())
        return static_cast<int>(ExitCode::passed);
    write_file(directory / "lktest-scenario.5", scenario_page(read_file(source / "scenarios/README.md")));
    write_file(directory / "lktest-recipe.5",
               recipe_page(read_file(source / "builder/README.md"),
                           read_file(source / "builder/recipes/recovery.toml")));
    return static_cast<int>(ExitCode::passed);
}

int generate(const std::string& what, const Invocation& invocation) {
    if (what == "generate-cells")
        return print(cell_names(invocation.begun));
    const std::filesystem::path& directory = invocation.man_directory;
    Invocation unused;
    const auto app = make_app(unused);
    if (what == "generate-man")
        return directory.empty() ? print(man_page(*app))
                                 : write_man_pages(*app, directory, invocation.man_source);
    return print(bash_completion(
        *app, {{"SCENARIO", names_if_there(scenario_files)}, {"RECIPE", names_if_there(recipe_files)}}));
}

/// An empty word usually comes from an unset variable in a script.
void check_words(const CLI::App& command) {
    for (const CLI::Option* option :
         command.get_options([](const CLI::Option* o) { return o->get_positional(); }))
        for (const std::string& word : option->results())
            if (word.empty())
                throw usage_error(fmt::format("{}: {} is empty", full_name(command), option->get_name(true)),
                                  fmt::format("see {} --help", full_name(command)));
}

int perform(int argc, char** argv) {
    Invocation invocation;
    const auto app = make_app(invocation, defaults_here());
    if (argc <= 1) {
        print(everyday_help(*app, is_terminal(stdout) ? style_of(stdout).width : 0));
        return static_cast<int>(ExitCode::usage);
    }
    try {
        app->parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return print(app->help());
    } catch (const CLI::CallForAllHelp&) {
        return print(app->help("", CLI::AppFormatMode::All));
    } catch (const CLI::CallForVersion& version) {
        return print(std::string(version.what()) + "\n");
    } catch (const CLI::ParseError& error) {
        throw explain(*app, error);
    }
    const std::string command = app->get_subcommands().front()->get_name();
    check_words(*app->get_subcommands().front());
    if (command == "help")
        return print(help_of(*app, invocation.help_topic));
    if (command == "version")
        return print("lktest " LKTEST_VERSION "\n");
    if (command == "run") {
        invocation.run.command.assign(argv, argv + argc);
        return invocation.run.watch ? watch_and_run(invocation.run) : run(invocation.run);
    }
    if (command == "rerun")
        return run(options_again(invocation.rerun));
    if (command == "report") {
        invocation.report.command.assign(argv, argv + argc);
        return report(invocation.report);
    }
    if (command == "compare")
        return compare(invocation.compare);
    if (command == "history")
        return history(invocation.history);
    if (command == "init")
        return init(invocation.init);
    if (command == "build")
        return build(invocation.build);
    if (command == "matrix") {
        invocation.matrix.command.assign(argv + 2, argv + argc);
        return matrix(invocation.matrix);
    }
    if (command == "inspect")
        return inspect(invocation.inspect);
    if (command == "check-console")
        return check_console(invocation.check_console);
    if (command == "diagnose")
        return diagnose(invocation.diagnose);
    if (command == "attach")
        return attach(invocation.attach);
    if (command == "debug")
        return debug(invocation.debug);
    if (command == "doctor")
        return doctor(invocation.doctor);
    if (command == "module")
        return module(invocation.module);
    return generate(command, invocation);
}

/// If the reader has closed (`lktest run | head`), reports are still written, so SIGPIPE must not end the
/// program. Neither must the limit of the file size: the write fails and is reported. The handler is not
/// SIG_IGN because child programs would inherit that.
void outlive_failed_writes() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGPIPE, &action, nullptr);
    ::sigaction(SIGXFSZ, &action, nullptr);
}

/// Whether the error is about the given path and not about the machine.
bool is_of_the_path(const std::error_code& error) {
    constexpr std::array of_the_path{std::errc::filename_too_long, std::errc::no_such_file_or_directory,
                                     std::errc::not_a_directory,   std::errc::too_many_symbolic_link_levels,
                                     std::errc::permission_denied, std::errc::illegal_byte_sequence,
                                     std::errc::invalid_argument};
    return std::ranges::any_of(of_the_path, [&error](std::errc known) { return error == known; });
}

}  // namespace

/// Catches the errors that end a command.
int main(int argc, char** argv) {
    if (const auto status = serve_confined(argc, argv, confined_jobs))
        return *status;
    outlive_failed_writes();
    const GuardedOutput output;
    const std::span words(argv, static_cast<std::size_t>(argc));
    try {
        const int status = perform(argc, argv);
        errno = 0;
        if (std::fflush(stdout) != 0 && errno != EPIPE)
            throw system_error("cannot write to standard output", errno);
        return status;
    } catch (const Error& error) {
        return complain(with_printable_words(error.what(), words), error.hint(),
                        static_cast<ExitCode>(error.kind()));
    } catch (const std::filesystem::filesystem_error& error) {
        const std::string message =
            fmt::format("cannot use {}: {}", error.path1().string(), error.code().message());
        return complain(with_printable_words(message, words), "",
                        is_of_the_path(error.code()) ? ExitCode::usage : ExitCode::host);
    } catch (const std::bad_alloc&) {
        return complain("out of memory", "lower --jobs", ExitCode::host);
    } catch (const std::exception& bug) {
        return complain(fmt::format("this is a bug in lktest: {}", bug.what()),
                        "please report it with the command", ExitCode::host);
    }
}
