// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <signal.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>

#include "builder/base/file.hpp"
#include "builder/base/printable.hpp"
#include "harness/boot/run.hpp"
#include "harness/cli/app.hpp"
#include "harness/cli/completion.hpp"
#include "harness/cli/confined_jobs.hpp"
#include "harness/cli/guarded_output.hpp"
#include "harness/cli/lookup.hpp"
#include "harness/cli/machine_size.hpp"
#include "harness/cli/man.hpp"
#include "harness/cli/terminal.hpp"
#include "harness/cli/watched.hpp"
#include "harness/scenario/scenario.hpp"

namespace {

using namespace lktest;

/// Says what went wrong; a message may have several lines.
int complain(std::string_view what, std::string_view hint, ExitCode code) {
    const Style style = style_of(stderr);
    const auto print = [&style](const Line& line) {
        std::fputs((paint(line, style) + "\n").c_str(), stderr);
    };
    Line line{{"lktest: ", Tone::bad}};
    for (std::size_t start = 0; start <= what.size();) {
        const std::size_t end = std::min(what.find('\n', start), what.size());
        line.push_back({printable(what.substr(start, end - start))});
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
    return {fmt::format("{} on this machine", jobs), std::string(name(host_arch()))};
}

/// While lktest is being built its data may not be where it will look for them.
std::vector<std::string> names_if_there(const DataKind& kind) {
    try {
        return data_names(kind);
    } catch (const Error&) {
        return {};
    }
}

/// lktest.1, lktest-run.1 …
int write_man_pages(const CLI::App& app, const std::filesystem::path& directory) {
    make_directories(directory);
    write_file(directory / "lktest.1", man_page(app));
    for (const CLI::App* command : visible_commands(app))
        write_file(directory / ("lktest-" + command->get_name() + ".1"), command_page(*command));
    return static_cast<int>(ExitCode::passed);
}

int generate(const std::string& what, const Invocation& invocation) {
    if (what == "generate-cells")
        return print(cell_names(invocation.begun));
    const std::filesystem::path& directory = invocation.man_directory;
    Invocation unused;
    const auto app = make_app(unused);
    if (what == "generate-man")
        return directory.empty() ? print(man_page(*app)) : write_man_pages(*app, directory);
    return print(bash_completion(
        *app, {{"SCENARIO", names_if_there(scenario_files)}, {"RECIPE", names_if_there(recipe_files)}}));
}

int perform(int argc, char** argv) {
    Invocation invocation;
    const auto app = make_app(invocation, defaults_here());
    try {
        app->parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return print(app->help());
    } catch (const CLI::CallForVersion& version) {
        return print(std::string(version.what()) + "\n");
    } catch (const CLI::ParseError& error) {
        throw explain(*app, error);
    }
    const std::string command = app->get_subcommands().front()->get_name();
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

/// A reader that has gone (`lktest run | head`) ends nothing: reports are still written. Nor does a limit
/// of the size of files: the write fails and is reported. A handler and not SIG_IGN, which programs that
/// we execute would inherit.
void outlive_failed_writes() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGPIPE, &action, nullptr);
    ::sigaction(SIGXFSZ, &action, nullptr);
}

}  // namespace

/// Catches what ends the command.
int main(int argc, char** argv) {
    if (const auto status = serve_confined(argc, argv, confined_jobs))
        return *status;
    outlive_failed_writes();
    const GuardedOutput output;
    try {
        const int status = perform(argc, argv);
        errno = 0;
        if (std::fflush(stdout) != 0 && errno != EPIPE)
            throw system_error("cannot write to the standard output", errno);
        return status;
    } catch (const Error& error) {
        return complain(error.what(), error.hint(), static_cast<ExitCode>(error.kind()));
    } catch (const std::bad_alloc&) {
        return complain("out of memory", "give fewer --jobs", ExitCode::host);
    } catch (const std::exception& bug) {
        return complain(fmt::format("this is a bug in lktest: {}", bug.what()),
                        "please report it with the command", ExitCode::host);
    }
}
