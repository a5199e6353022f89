// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/tests/support/golden.hpp"
#include "harness/boot/host.hpp"
#include "harness/cli/app.hpp"
#include "harness/cli/completion.hpp"
#include "harness/cli/man.hpp"
#include "harness/cli/programs.hpp"
#include "harness/report/json.hpp"
#include "harness/run/decisions.hpp"
#include "harness/run/machine_size.hpp"
#include "harness/run/run_plan.hpp"
#include "harness/run/select_cells.hpp"
#include "harness/run/shell.hpp"
#include "harness/scenario/parse.hpp"
#include "harness/terminal/held_signals.hpp"
#include "harness/terminal/progress_bar.hpp"
#include "harness/tests/support/sample_report.hpp"

namespace lktest {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

/// Parses in the same way as main(); `words` does not include the program's name.
Invocation parse(Words words) {
    Invocation invocation;
    const auto app = make_app(invocation, {"3 on this machine", "x86_64"});
    std::ranges::reverse(words);  // CLI11 expects them in reverse
    try {
        app->parse(words);
    } catch (const CLI::ParseError& error) {
        throw explain(*app, error);
    }
    return invocation;
}

std::string complaint(const Words& words) {
    try {
        parse(words);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
        return fmt::format("{}\nhint: {}\n", error.what(), error.hint());
    }
    return "no error\n";
}

std::string help_of(Words words) {
    Invocation invocation;
    const auto app = make_app(invocation, {"3 on this machine", "x86_64"});
    words.emplace_back("--help");
    std::ranges::reverse(words);
    EXPECT_THROW(app->parse(words), CLI::CallForHelp);
    return app->help();
}

std::string completion_script() {
    Invocation invocation;
    return bash_completion(*make_app(invocation), {{"SCENARIO", {"boot"}}, {"RECIPE", {"recovery"}}});
}

TEST(CommandLine, TakesEveryOptionOfRun) {
    const RunOptions options =
        parse(
            {"run",    "--arch",    "aarch64",   "--arch=x86_64",  "--firmware",   "uefi",       "--medium",
             "usb",    "--iso",     "a.iso",     "--iso",          "b=b-2026.iso", "--scenario", "boot",
             "--jobs", "4",         "--connect", "qemu:///system", "--accel",      "tcg",        "--network",
             "user",   "--timeout", "90",        "--output",       "out",          "--verbose",  "--watch"})
            .run;
    EXPECT_EQ(options.arches, (std::vector{Arch::aarch64, Arch::x86_64}));
    EXPECT_EQ(options.firmwares, std::vector{Firmware::uefi});
    EXPECT_EQ(options.media, std::vector{Medium::usb});
    EXPECT_EQ(options.isos, (std::vector<Image>{{"", "a.iso"}, {"b", "b-2026.iso"}}));
    EXPECT_EQ(options.scenarios, std::vector<std::string>{"boot"});
    EXPECT_EQ(options.jobs, 4U);
    EXPECT_EQ(options.connect, std::vector<std::string>{"qemu:///system"});
    EXPECT_EQ(options.accel, Accel::tcg);
    EXPECT_EQ(options.network, Network::user);
    EXPECT_EQ(options.timeout, 90s);
    EXPECT_EQ(options.output, "out");
    EXPECT_TRUE(options.verbose);
    EXPECT_TRUE(options.watch);
}

TEST(CommandLine, AsksForNothingByItself) {
    const RunOptions options = parse({"run"}).run;
    EXPECT_TRUE(options.arches.empty() && options.firmwares.empty() && options.media.empty());
    EXPECT_TRUE(options.isos.empty() && options.scenarios.empty() && options.connect.empty());
    EXPECT_EQ(options.jobs, std::nullopt);
    EXPECT_EQ(options.accel, std::nullopt);
    EXPECT_EQ(options.network, Network::tap);
    EXPECT_EQ(options.timeout, std::nullopt);
    EXPECT_EQ(options.output, "lktest-results");
}

TEST(CommandLine, TakesEveryOptionOfBuild) {
    const BuildRequest request = parse({"build", "recovery", "--arch", "aarch64", "-o", "x.iso",
                                        "--source-date-epoch", "0", "--jobs", "1"})
                                     .build;
    EXPECT_EQ(request.recipe, "recovery");
    EXPECT_EQ(request.arch, Arch::aarch64);
    EXPECT_EQ(request.output, "x.iso");
    EXPECT_EQ(request.source_date_epoch, 0U);
    EXPECT_EQ(request.jobs, 1U);
}

TEST(CommandLine, TakesEveryOptionOfInspect) {
    const InspectRequest request = parse({"inspect", "live.iso", "--json"}).inspect;
    EXPECT_EQ(request.iso, "live.iso");
    EXPECT_TRUE(request.json);
}

TEST(CommandLine, TakesEveryOptionOfCheckConsole) {
    const CheckConsoleRequest request = parse({"check-console", "a.log", "b.log", "--json"}).check_console;
    EXPECT_EQ(request.files, (std::vector<std::filesystem::path>{"a.log", "b.log"}));
    EXPECT_TRUE(request.json);
}

TEST(CommandLine, ExplainsWhatItCannotTake) {
    const std::vector<Words> wrong{
        {},
        {"rnu"},
        {"frobnicate"},
        {"--arch", "x86_64"},
        {"run", "--fimware", "uefi"},
        {"run", "--fimware=uefi"},
        {"run", "--qwertz"},
        {"run", "--arch", "aarch46"},
        {"run", "--arch", "x86_64,aarch64"},
        {"run", "--firmware", "BIOS"},
        {"run", "--medium", "floppy"},
        {"run", "--accel", "hvf"},
        {"run", "--network", "bridge"},
        {"run", "--jobs", "0"},
        {"run", "--jobs", "-1"},
        {"run", "--jobs", "2x"},
        {"run", "--jobs", "99999999999999999999"},
        {"run", "--jobs", "1", "--jobs", "2"},
        {"run", "--timeout", "1e3"},
        {"run", "--timeout"},
        {"run", "--connect", "localhost"},
        {"run", "--iso", ""},
        {"build"},
        {"build", "recovery", "more"},
        {"build", "recovery", "--source-date-epoch", "yesterday"},
        {"inspect"},
        {"inspect", "x.iso", "--jsno"},
        {"doctor", "--outptu", "x"},
        {"run", "--shard", "3/2"},
        {"matrix", "--format", "circleci"},
        {"matrix", "--shards", "257"},
        {"run", "--format", "xml"},
        {"report"},
        {"report", "a", "--format", "markdwon"},
        {"compare", "a"},
        {"history", "--recent", "1"},
    };
    std::string text;
    for (const Words& words : wrong) {
        text += "$ lktest";
        for (const std::string& word : words)
            text += " " + shell_word(word);
        text += "\n" + complaint(words) + "\n";
    }
    expect_golden("messages/command_line.txt", text);
}

TEST(Help, HasALineForEachOption) {
    expect_golden("help/lktest.txt", help_of({}));
    expect_golden("help/run.txt", help_of({"run"}));
    expect_golden("help/matrix.txt", help_of({"matrix"}));
    expect_golden("help/build.txt", help_of({"build"}));
    expect_golden("help/inspect.txt", help_of({"inspect"}));
    expect_golden("help/check-console.txt", help_of({"check-console"}));
    expect_golden("help/diagnose.txt", help_of({"diagnose"}));
    expect_golden("help/attach.txt", help_of({"attach"}));
    expect_golden("help/debug.txt", help_of({"debug"}));
    expect_golden("help/doctor.txt", help_of({"doctor"}));
    expect_golden("help/module.txt", help_of({"module"}));
    for (const char* command : {"rerun", "report", "compare", "history", "init"})
        expect_golden(fmt::format("help/{}.txt", command), help_of({command}));
}

TEST(ManPage, IsMadeOfTheSameDefinition) {
    Invocation invocation;
    expect_golden("help/lktest.1", man_page(*make_app(invocation)));
}

TEST(ManPage, OfEachCommandIsCorrectRoff) {
    const TempDir dir;
    Invocation invocation;
    const auto app = make_app(invocation);
    for (const CLI::App* command : visible_commands(*app)) {
        const std::string file = (dir.path() / (command->get_name() + ".1")).string();
        write_file(file, command_page(*command));
        const ProcessResult result =
            run_process({"man", "--warnings", "-E", "UTF-8", "-l", file},
                        {.environment = {{"MANWIDTH", "80"}, {"MANROFFSEQ", ""}, {"LC_ALL", "C.UTF-8"}}});
        EXPECT_EQ(result.status, 0) << file;
        EXPECT_EQ(result.err, "") << file;
        EXPECT_NE(result.out.find("EXIT STATUS"), std::string::npos) << result.out;
    }
}

TEST(ManPage, IsCorrectRoff) {
    const TempDir dir;
    Invocation invocation;
    write_file(dir.path() / "lktest.1", man_page(*make_app(invocation)));
    const ProcessResult result =
        run_process({"man", "--warnings", "-E", "UTF-8", "-l", (dir.path() / "lktest.1").string()},
                    {.environment = {{"MANWIDTH", "80"}, {"MANROFFSEQ", ""}, {"LC_ALL", "C.UTF-8"}}});
    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(result.err, "");
    EXPECT_NE(result.out.find("--source-date-epoch SECONDS"), std::string::npos) << result.out;
}

TEST(Completion, CompletesCommandsOptionsAndValues) {
    const TempDir dir;
    write_file(dir.path() / "lktest", completion_script());
    write_file(dir.path() / "a file.iso", "");
    make_directories(dir.path() / "directory");
    const auto complete = [&](const std::string& words) {
        // The last word is the one to complete.
        const std::string script = fmt::format(
            "source ./lktest; COMP_WORDS=(lktest {}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _lktest; "
            "printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words);
        const ProcessResult result =
            run_process({"bash", "-u", "-c", script}, {.directory = dir.path(), .environment = {}});
        EXPECT_EQ(result.err, "") << words;
        return result.out;
    };
    EXPECT_EQ(complete("''"),
              "run\nmatrix\nrerun\nreport\ncompare\nhistory\ninit\nbuild\ninspect\ncheck-"
              "console\ndiagnose\nattach\ndebug\ndoctor\nmodule\nhelp\nversion\n--"
              "help\n--version\n");
    EXPECT_EQ(complete("r"), "run\nrerun\nreport\n");
    EXPECT_EQ(complete("rerun --f"), "--failed\n");
    EXPECT_EQ(complete("report d"), "directory\n");
    EXPECT_EQ(complete("report --format m"), "markdown\n");
    EXPECT_EQ(complete("run --fi"), "--firmware\n--firmware-dir\n");
    EXPECT_EQ(complete("run --arch ''"), "x86_64\naarch64\n");
    EXPECT_EQ(complete("run --arch = aa"), "aarch64\n");
    EXPECT_EQ(complete("run --arch ="), "x86_64\naarch64\n");
    EXPECT_EQ(complete("run --arch aarch64 --firmware ''"), "bios\nuefi\nuefi-secure\nuefi-ia32\nu-boot\n");
    EXPECT_EQ(complete("run --accel k"), "kvm\n");
    EXPECT_EQ(complete("run --iso a"), "a file.iso\n");
    EXPECT_EQ(complete("inspect a"), "a file.iso\n");
    EXPECT_EQ(complete("run --output d"), "directory\n");
    EXPECT_EQ(complete("run --scenario b"), "boot\n");
    EXPECT_EQ(complete("run --jobs ''"), "\n");
    EXPECT_EQ(complete("build rec"), "recovery\n");
    EXPECT_EQ(complete("build --arch x"), "x86_64\n");
    EXPECT_EQ(complete("build recovery -o a"), "a file.iso\n");
}

TEST(Completion, AsksLktestItselfForTheNamesOfCells) {
    const TempDir dir;
    write_file(dir.path() / "completion", completion_script());
    write_file(dir.path() / "lktest",
               "#!/bin/sh\necho \"$@\" >asked\necho boot.one\necho boot.two\necho load.one\n");
    std::filesystem::permissions(dir.path() / "lktest", std::filesystem::perms::owner_all);
    const auto complete = [&](const std::string& words) {
        const std::string script = fmt::format(
            "source ./completion; COMP_WORDS=(./lktest {}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); "
            "_lktest; "
            "printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words);
        return run_process({"bash", "-u", "-c", script}, {.directory = dir.path(), .environment = {}}).out;
    };
    EXPECT_EQ(complete("run --arch aarch64 --cell boot."), "boot.one\nboot.two\n");
    EXPECT_EQ(read_file(dir.path() / "asked"), "generate-cells run --arch aarch64 --cell\n");
    EXPECT_EQ(complete("history l"), "load.one\n");
}

TEST(Completion, NamesTheCellsThatSuitTheOptionsSoFar) {
    EXPECT_EQ(parse({"generate-cells", "run", "--arch", "aarch64", "--cell"}).begun,
              (Words{"run", "--arch", "aarch64", "--cell"}));
    EXPECT_EQ(cell_names({"run", "--firmware", "nonsense", "--cell"}), "");
    EXPECT_EQ(cell_names({"frobnicate"}), "");
}

/// A matrix with an ISO whose name a shell would split.
std::vector<PlannedCell> some_cells() {
    Axes axes{.images = {{{"it-s", "it's $mine.iso"}, {Arch::x86_64}}}, .scenarios = {{"boot"}}};
    axes.media = {Medium::cdrom, Medium::usb};
    axes.hardware.memory = {std::uint64_t{512} << 20};
    axes.hardware.chipsets = {Chipset::pc, Chipset::virt};
    return expand(axes);
}

TEST(JobMatrix, HasAJobForEachCellWhoseOptionsAreThatCellAgain) {
    MatrixOptions options;
    options.run.isos = {{"", "it's $mine.iso"}};
    options.run.scenarios = {"boot"};
    const std::vector<PlannedCell> cells = some_cells();
    const std::vector<Job> jobs = jobs_of(options, cells);
    ASSERT_EQ(jobs.size(), 4U);
    std::size_t job = 0;
    for (const PlannedCell& planned : cells) {
        if (planned.not_applicable)
            continue;
        const ProcessResult shell =
            run_process({"sh", "-c", "printf '%s\\n' run " + jobs[job].options});  // in the CI system's way
        Words words;
        std::istringstream lines(shell.out);
        for (std::string line; std::getline(lines, line);)
            words.push_back(line);
        const RunOptions again = parse(words).run;
        EXPECT_EQ(jobs[job].name, name(planned.cell));
        EXPECT_EQ(again.arches, std::vector{planned.cell.arch});
        EXPECT_EQ(again.firmwares, std::vector{planned.cell.firmware});
        EXPECT_EQ(again.media.empty() ? Medium::cdrom : again.media.front(), planned.cell.medium);
        EXPECT_EQ(again.hardware.chipsets, std::vector{Chipset::pc});
        EXPECT_EQ(again.hardware.memory, std::vector{std::uint64_t{512} << 20});
        EXPECT_EQ(again.isos, options.run.isos);
        EXPECT_EQ(again.scenarios, options.run.scenarios);
        ++job;
    }
}

TEST(JobMatrix, IsWhatEachCiSystemReads) {
    MatrixOptions options;
    options.run.isos = {{"", "it's $mine.iso"}};
    const std::vector<Job> jobs = jobs_of(options, {some_cells().front()});
    EXPECT_EQ(github_matrix(jobs),
              R"({"include":[{"name":"boot.it-s.x86_64-bios-cdrom-pc-512M","options":)"
              R"("--arch x86_64 --firmware bios --machine pc --memory 512M --iso 'it'\\''s $mine.iso'"}]})"
              "\n");
    EXPECT_EQ(gitlab_jobs(jobs), R"({
  "boot.it-s.x86_64-bios-cdrom-pc-512M": {
    "extends": ".lktest-cell",
    "variables": {
      "LKTEST_OPTIONS": "--arch x86_64 --firmware bios --machine pc --memory 512M --iso 'it'\\''s $$mine.iso'"
    }
  }
}
)");
}

TEST(JobMatrix, HasShardsWhereThereAreMoreCellsThanJobs) {
    MatrixOptions options;
    options.command = {"a b.iso", "--format", "github", "--shards=2", "--all"};
    options.shards = 2;
    const std::vector<Job> jobs = jobs_of(options, {});
    ASSERT_EQ(jobs.size(), 2U);
    EXPECT_EQ(jobs[1].name, "shard 2 of 2");
    EXPECT_EQ(jobs[1].options, "'a b.iso' --all --shard 2/2");

    options.shards.reset();
    EXPECT_THROW(jobs_of(options, std::vector(257, some_cells().front())), Error);
    EXPECT_EQ(jobs_of(options, std::vector(256, some_cells().front())).size(), 256U);
}

TEST(Decisions, SayWhichFirmwareAndWhichOrderAndWhy) {
    FirmwareCatalogue catalogue;
    catalogue.images[{Firmware::bios, Arch::x86_64}] = "/usr/share/seabios/bios-256k.bin";
    std::vector<Assignment> cells;
    for (const PlannedCell& planned : some_cells())
        if (!planned.not_applicable && planned.cell.medium == Medium::cdrom)
            cells.push_back({planned.cell, nullptr, {}});
    const Timings timings{{"boot.it-s.x86_64-bios-cdrom-pc-512M", 1500ms}};
    EXPECT_EQ(firmware_decisions(catalogue, cells),
              (Words{"x86_64 bios on pc starts with SeaBIOS, /usr/share/seabios/bios-256k.bin",
                     "x86_64 uefi on pc starts with nothing, because UEFI firmware for x86_64 is missing"}));
    EXPECT_EQ(schedule_decisions(cells, timings),
              (Words{"starts first: boot.it-s.x86_64-bios-cdrom-pc-512M: it took 1.5 s last time",
                     "then: boot.it-s.x86_64-uefi-cdrom-pc-512M: cells like it usually take 20.0 s"}));
    EXPECT_EQ(
        jobs_decision(3, std::nullopt, {2, std::uint64_t{4} << 30}, std::uint64_t{1} << 30),
        "3 cells at once: 2 cores plus one, 4096 MiB of memory available, up to 1024 MiB for each guest");
    EXPECT_EQ(jobs_decision(1, 1, {2, 0}, 0), "1 cell at once: set by --jobs");
}

TEST(Reproduce, NamesTheOneCellAndWhatMattersToIt) {
    BootCell cell{.scenario = "boot",
                  .image = {"recovery", "/cache/recovery.iso"},
                  .arch = Arch::aarch64,
                  .firmware = Firmware::uefi};
    EXPECT_EQ(reproduce({}, cell), "lktest run --arch aarch64 --firmware uefi");

    RunOptions options;
    options.isos = {{"", "other.iso"}, {"", "it's mine.iso"}};
    options.scenarios = {"any-medium", "./my/boot.toml"};
    options.jobs = 7;
    options.accel = Accel::tcg;
    options.network = Network::user;
    options.timeout = 90s;
    options.connect = {"qemu:///system"};
    cell.image.path = "it's mine.iso";
    cell.medium = Medium::usb;
    const std::string command = reproduce(options, cell);
    EXPECT_EQ(command,
              "lktest run --arch aarch64 --firmware uefi --medium usb --iso 'it'\\''s mine.iso' "
              "--scenario ./my/boot.toml --connect qemu:///system --accel tcg --network user --timeout 90");
}

TEST(HostSteps, OfAScenarioFromElsewhereNeedTheUsersWord) {
    const TempDir own, other;
    const std::string text =
        "[[milestone]]\nname = 'a'\npattern = 'a'\nwithin = '1s'\n"
        "[[step]]\nhost = 'id'\n";
    const auto plan_of = [&text](const std::filesystem::path& directory) {
        write_file(directory / "mine.toml", text);
        RunPlan plan;
        plan.scenarios["mine"] = read_scenario(directory / "mine.toml");
        BootCell cell;
        cell.scenario = "mine";
        plan.cells.push_back({cell, std::nullopt});
        return plan;
    };
    EXPECT_NO_THROW(refuse_host_steps(plan_of(own.path()), own.path()));
    RunPlan foreign = plan_of(other.path());
    try {
        refuse_host_steps(foreign, own.path());
        ADD_FAILURE() << "a command of a foreign scenario would run";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
        EXPECT_EQ(std::string(error.what()),
                  (other.path() / "mine.toml").string() +
                      ":5:1: the step 'host id' runs a command on this machine, with your rights, and "
                      "lktest did not ship the scenario");
        EXPECT_NE(error.hint().find("--allow-host-steps"), std::string::npos);
    }
    foreign.cells.front().not_applicable = "no such machine";
    EXPECT_NO_THROW(refuse_host_steps(foreign, own.path()));
}

TEST(HostSteps, ASavedRunCannotAllowThem) {
    const TempDir dir;
    results::Run report = sample_failures();
    report.command = {"lktest", "run", "--allow-host-steps", "--scenario", "./theirs.toml"};
    write_file(dir.path() / "matrix.json", json_report(report));
    EXPECT_FALSE(options_again({dir.path(), false}).host_steps);
    const RunOptions allowed = options_again({dir.path(), false, true});
    EXPECT_TRUE(allowed.host_steps);
    EXPECT_EQ(allowed.scenarios, Words{"./theirs.toml"});
}

TEST(Rerun, TakesTheOptionsOfTheRunAndTheCellsThatFailed) {
    const TempDir dir;
    results::Run report = sample_failures();
    report.command = {"lktest", "run", "--arch", "x86_64", "--iso", "it's mine.iso"};
    write_file(dir.path() / "matrix.json", json_report(report));
    RunOptions options = options_again({dir.path(), true});
    EXPECT_EQ(options.arches, std::vector{Arch::x86_64});
    EXPECT_EQ(options.isos, (std::vector<Image>{{"", "it's mine.iso"}}));
    EXPECT_EQ(options.only, (Words{"boot.recovery.x86_64-uefi-cdrom", "boot.recovery.aarch64-uefi-cdrom"}));
    EXPECT_EQ(options.command, report.command);
    EXPECT_TRUE(options_again({dir.path(), false}).only.empty());

    std::vector<PlannedCell> plan;
    for (const Firmware firmware : {Firmware::bios, Firmware::uefi})
        for (const Arch arch : {Arch::x86_64, Arch::aarch64})
            plan.push_back({sample_cell(arch, firmware), std::nullopt});
    select_cells(plan, options);
    ASSERT_EQ(plan.size(), 2U);
    EXPECT_EQ(plan[1].cell, sample_cell(Arch::aarch64, Firmware::uefi));
    options.only = {"gone"};
    EXPECT_THROW(select_cells(plan, options), Error);

    report = sample_report();
    write_file(dir.path() / "matrix.json", json_report(report));
    EXPECT_THROW(options_again({dir.path(), true}), Error);  // nothing failed
    report.command = {"lktest", "report", "a", "b"};
    write_file(dir.path() / "matrix.json", json_report(report));
    EXPECT_THROW(options_again({dir.path(), false}), Error);  // no command repeats it
}

TEST(Rerun, TakesTheOptionsThatMergedRunsShare) {
    const TempDir dir;
    results::Run report = sample_failures();
    report.command = {"lktest", "report", "a", "b"};
    report.runs = {{"a", "", {}, {"lktest", "run", "live=x.iso", "--shard", "1/2", "-o", "a", "-j4"}},
                   {"b", "", {}, {"lktest", "run", "live=x.iso", "--shard=2/2", "--output", "b"}}};
    write_file(dir.path() / "matrix.json", json_report(report));
    const RunOptions options = options_again({dir.path(), true});
    EXPECT_EQ(options.command, (Words{"lktest", "run", "live=x.iso"}));
    EXPECT_FALSE(options.shard);
    EXPECT_EQ(options.only, (Words{"boot.recovery.x86_64-uefi-cdrom", "boot.recovery.aarch64-uefi-cdrom"}));
    EXPECT_EQ(options_again({dir.path(), false}).only.size(), 3U);
    report.runs[1].command.emplace_back("--all");
    write_file(dir.path() / "matrix.json", json_report(report));
    EXPECT_THROW(options_again({dir.path(), true}), Error);
}

TEST(Shards, TogetherAreTheMatrixWithoutACellTwice) {
    const TempDir dir;
    results::Run report = sample_report();
    write_file(dir.path() / "matrix.json", json_report(report));
    std::vector<std::string> names;
    for (std::size_t number = 1; number <= 5; ++number) {
        std::vector<PlannedCell> plan;
        for (const Arch arch : {Arch::x86_64, Arch::aarch64})
            for (const Firmware firmware : {Firmware::bios, Firmware::uefi})
                plan.push_back({sample_cell(arch, firmware), std::nullopt});
        RunOptions options;
        options.shard = Shard{number, 5};
        options.timings = dir.path();
        select_cells(plan, options);
        for (const PlannedCell& planned : plan)
            names.push_back(name(planned.cell));
        EXPECT_LE(plan.size(), 1U);
    }
    std::ranges::sort(names);
    EXPECT_EQ(names.size(), 4U);
    EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

TEST(ProgressBar, FillsAsTheWorkGoesOn) {
    const Style style;
    EXPECT_EQ(paint(progress_line("squashfs", 1, 4, 3100ms, style), style),
              "▸ squashfs     ████████░░░░░░░░░░░░░░░░░░░░░░░░   25 %    3.1s");
    EXPECT_EQ(paint(progress_line("iso", 9, 4, 0ms, style), style),
              "▸ iso          ████████████████████████████████  100 %    0.0s");
    EXPECT_EQ(paint(progress_line("a\x1b[2J", 5, 0, 0ms, style), style), "▸ a\\x1b[2J         0.0s");
}

TEST(ProgressBar, PrintsALineForEachStepWhereNothingCanBeRepainted) {
    const TempDir dir;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen((dir.path() / "out").c_str(), "w"),
                                                               std::fclose);
    {
        ProgressBar bar(file.get(), false, [] { return Style{}; });
        bar.update("packages", 1, 2);
        bar.update("packages", 2, 2);
        bar.say("because");
        bar.update("packages.sb", 1, 2);  // two at a time
        bar.update("modules.sb", 1, 2);
        bar.update("packages.sb", 2, 2);
        bar.finish();
        bar.update("iso", 1, 2);  // abandoned
    }
    EXPECT_EQ(read_file(dir.path() / "out"),
              "✓ packages       0.0s\nbecause\n✓ packages.sb    0.0s\n✓ modules.sb     0.0s\n");
}

TEST(Doctor, ShowsFaultsAndTheirFixes) {
    const std::vector<Finding> findings{
        {Finding::Kind::good, "QEMU for x86_64", "7.2.15, /usr/bin/qemu-system-x86_64", ""},
        {Finding::Kind::warning, "KVM",
         "KVM does not work here: a test guest stopped in real mode, with 'failed to set MSR 0x10a'. "
         "Guests are emulated, which is about ten times slower",
         "if this is a virtual machine, enable nested virtualization in its hypervisor"},
        {Finding::Kind::fault, "UEFI for aarch64", "no image", "install the Debian package qemu-efi-aarch64"},
    };
    expect_golden("report/doctor.txt", render(findings, {}));
}

TEST(MachineSize, ReadsWhatTheKernelTells) {
    EXPECT_EQ(memory_available("MemTotal:       16 kB\nMemAvailable:    1024 kB\n"), 1U << 20);
    EXPECT_EQ(memory_available("nothing"), 0U);
    EXPECT_GE(machine_size().cores, 1U);
    EXPECT_GT(machine_size().memory_available, 0U);
}

TEST(QemuVersion, IsFoundInWhatQemuPrints) {
    EXPECT_EQ(qemu_version("QEMU emulator version 7.2.15 (Debian 1:7.2+dfsg-7+deb12u13)\nCopyright"),
              "7.2.15");
    EXPECT_EQ(qemu_version("QEMU emulator version 10.0.2\n"), "10.0.2");
    EXPECT_EQ(qemu_version("something else"), "");
}

TEST(FindProgram, LooksWhereTheShellAndSudoLook) {
    const TempDir dir;
    write_file(dir.path() / "a-program-of-ours", "");
    EXPECT_EQ(find_program("a-program-of-ours", dir.path().string()), std::nullopt);  // not executable
    std::filesystem::permissions(dir.path() / "a-program-of-ours", std::filesystem::perms::owner_all);
    EXPECT_EQ(find_program("a-program-of-ours", "/nowhere:" + dir.path().string()),
              dir.path() / "a-program-of-ours");
    EXPECT_NE(find_program("ldconfig", ""), std::nullopt);
}

TEST(HeldSignals, LetTheWorkEndBeforeTheProgramDoes) {
    const auto work = [] {
        const HeldSignals signals;
        const bool early = signals.arrived();
        ::raise(SIGTERM);
        if (early || !signals.arrived())
            ::_exit(1);
        std::fputs("tidied up", stderr);
    };
    EXPECT_EXIT(work(), testing::KilledBySignal(SIGTERM), "tidied up");
}

TEST(HeldSignals, AreNotThoseThatAreIgnored) {
    const auto work = [] {
        ::signal(SIGINT, SIG_IGN);
        {
            const HeldSignals signals;
            ::raise(SIGINT);
            if (signals.arrived())
                ::_exit(1);
        }
        ::_exit(0);
    };
    EXPECT_EXIT(work(), testing::ExitedWithCode(0), "");
}

TEST(ShellWord, IsReadBackAsItWas) {
    EXPECT_EQ(shell_word("a/b-c.iso"), "a/b-c.iso");
    EXPECT_EQ(shell_word(""), "''");
    EXPECT_EQ(shell_word("a b'c$d"), "'a b'\\''c$d'");
}

}  // namespace
}  // namespace lktest
