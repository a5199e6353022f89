// SPDX-License-Identifier: MIT
#include "harness/cli/diagnose.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "builder/base/file.hpp"
#include "harness/boot/dump_core.hpp"
#include "harness/boot/foreign_guest.hpp"
#include "harness/boot/look_into.hpp"
#include "harness/cli/control_client.hpp"
#include "harness/cli/option.hpp"
#include "harness/console/failures.hpp"
#include "harness/machine/event_loop.hpp"
#include "harness/machine/runs_again.hpp"
#include "harness/report/diagnosis_text.hpp"
#include "harness/terminal/terminal.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

/// While this lives, signals that would end this program do not reach this thread.
class SignalsWait {
public:
    SignalsWait() {
        sigset_t ending;
        ::sigemptyset(&ending);
        for (const int number : {SIGINT, SIGTERM, SIGHUP})
            ::sigaddset(&ending, number);
        ::pthread_sigmask(SIG_BLOCK, &ending, &before_);
    }
    SignalsWait(const SignalsWait&) = delete;
    SignalsWait& operator=(const SignalsWait&) = delete;
    ~SignalsWait() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

/// Runs libvirt's event loop while this lives; a remote connection needs it to get answers.
class Background {
public:
    Background()
        : thread_([this] {
              const SignalsWait for_the_main_thread;
              io_.run();
          }) {}
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;
    ~Background() {
        io_.stop();
        thread_.join();
    }

private:
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> busy_{io_.get_executor()};
    EventLoop loop_{io_};
    std::thread thread_;
};

/// The result of looking at a guest.
struct Answer {
    std::string name;
    Json diagnosis;
    std::string opens_core;  ///< the command that opens the core; empty if no core was requested
};

Answer diagnose_domain(const DiagnoseRequest& request) {
    const Background events;
    Connection libvirt = Connection::open(request.connect);
    Domain guest = Domain::find(libvirt, request.guest);
    const BootCell cell = cell_of_domain(guest.xml());
    const Scenario scenario;
    const std::vector<Failure> failures = read_failures(data_file("harness/console/failures.toml"));
    const std::vector<Cause> causes = read_causes(data_file("harness/diagnose/causes.toml"));
    const SignalsWait until_it_runs_again;  // the user's guest must not stay paused
    const RunsAgain afterwards(guest);
    Onlooker onlooker(guest, cell.arch, Onlooker::Memory::copied_if_need_be);
    const Findings found = look_into(onlooker, guest, {.kernel_on_console = true}, {},
                                     {cell, scenario, failures, causes}, false);
    if (!request.output.empty()) {
        write_findings(found, request.output);
        write_screen(guest, request.output);
    }
    std::string opens_core;
    if (!request.core.empty())  // that memory was copied before the guest was paused
        opens_core = dump_core(guest, Onlooker(guest, cell.arch, Onlooker::Memory::copied_if_need_be),
                               fs::absolute(request.core));
    return {request.guest, Json::parse(json_diagnosis(found.diagnosis)), opens_core};
}

Answer diagnose_cell(const DiagnoseRequest& request) {
    const auto absolute = [](const fs::path& path) {
        return path.empty() ? "" : fs::absolute(path).string();
    };
    ControlClient run(request.run);
    const Json answer = run.ask({{"do", "diagnose"},
                                 {"cell", request.guest},
                                 {"into", absolute(request.output)},
                                 {"core", absolute(request.core)}});
    return {answer.value("cell", request.guest), answer.value("diagnosis", Json::object()),
            answer.value("core", "")};
}

}  // namespace

void add_diagnose(CLI::App& app, DiagnoseRequest& request) {
    app.add_option("GUEST", request.guest, "a cell of a running lktest run, or any guest with --connect")
        ->type_name("CELL|DOMAIN")
        ->required();
    add_single(app, "--run", "DIR", "run of the cell", "the last one in lktest-results",
               [&request](const std::string& word) { request.run = word; });
    add_single(app, "--connect", "URI", "libvirt URI of the guest", "a cell of a run",
               [&request](const std::string& word) { request.connect = word; });
    add_single(app, "--output,-o", "DIR", "write diagnosis.json, kernel.log, cpus.txt and the screen to DIR",
               "none", [&request](const std::string& word) { request.output = word; });
    add_single(app, "--core", "FILE",
               "dump guest memory to FILE (ELF if it ends in .elf, otherwise kdump format)", "none",
               [&request](const std::string& word) { request.core = word; });
    app.add_flag("--json", request.json, "print diagnosis.json");
}

int diagnose(const DiagnoseRequest& request) {
    if (!request.output.empty())
        make_directories(request.output);
    const Answer found = request.connect.empty() ? diagnose_cell(request) : diagnose_domain(request);
    fmt::print("{}", request.json ? json_output(found.diagnosis, 2) + "\n"
                                  : diagnosis_text(found.name, found.diagnosis, style_of(stdout)));
    if (!request.json && !found.opens_core.empty())
        fmt::print("  core      {}\n", found.opens_core);
    return static_cast<int>(ExitCode::passed);
}

}  // namespace lktest
