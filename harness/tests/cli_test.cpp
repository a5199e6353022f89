// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <thread>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/printable.hpp"
#include "builder/base/process.hpp"
#include "builder/tests/support/golden.hpp"
#include "builder/tests/support/source_directory.hpp"
#include "harness/boot/control.hpp"
#include "harness/boot/host.hpp"
#include "harness/cli/app.hpp"
#include "harness/cli/completion.hpp"
#include "harness/cli/help.hpp"
#include "harness/cli/man.hpp"
#include "harness/cli/markdown_page.hpp"
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

TEST(CommandLine, KnowsTheUsualShortFormsAndNames) {
    const RunOptions options = parse({"run", "live=live-2026-11-30.iso", "-a", "arm64,amd64", "-f",
                                      "bios,uefi", "-m", "cdrom,usb", "-s", "boot", "-j2", "-o", "out", "-v"})
                                   .run;
    EXPECT_EQ(options.isos, (std::vector<Image>{{"live", "live-2026-11-30.iso"}}));
    EXPECT_EQ(options.arches, (std::vector{Arch::aarch64, Arch::x86_64}));
    EXPECT_EQ(options.firmwares, (std::vector{Firmware::bios, Firmware::uefi}));
    EXPECT_EQ(options.media, (std::vector{Medium::cdrom, Medium::usb}));
    EXPECT_EQ(options.scenarios, Words{"boot"});
    EXPECT_EQ(options.jobs, 2U);
    EXPECT_EQ(options.output, "out");
    EXPECT_TRUE(options.verbose);
    EXPECT_EQ(parse({"build", "--root", "system", "--arch", "arm64"}).build.arch, Arch::aarch64);
    EXPECT_EQ(parse({"help", "run"}).help_topic, "run");
    Invocation invocation;
    const auto app = make_app(invocation, {"3 on this machine", "x86_64"});
    EXPECT_EQ(lktest::help_of(*app, "run"), help_of({"run"}));
    EXPECT_EQ(lktest::help_of(*app, ""), help_of({}));
    EXPECT_THROW(lktest::help_of(*app, "rnu"), Error);
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

/// What `man` shows of a page. Warnings of groff fail the test.
std::string shown(const std::string& page) {
    const TempDir dir;
    write_file(dir.path() / "page.1", page);
    const ProcessResult result =
        run_process({"man", "--warnings", "-E", "UTF-8", "-l", (dir.path() / "page.1").string()},
                    {.environment = {{"MANWIDTH", "80"}, {"MANROFFSEQ", ""}, {"LC_ALL", "C.UTF-8"}}});
    EXPECT_EQ(result.status, 0) << page;
    EXPECT_EQ(result.err, "") << page;
    std::string text;  // without overstrikes
    for (const char c : result.out)
        if (c == '\b' && !text.empty())
            text.pop_back();
        else
            text += c;
    return text;
}

TEST(ManPage, OfEachCommandHasItsOwnExitStatusAndExamples) {
    Invocation invocation;
    const auto app = make_app(invocation);
    std::string exits;
    for (const CLI::App* command : visible_commands(*app)) {
        const std::string text = shown(command_page(*command));
        const std::size_t examples = text.find("\nEXAMPLES\n"), status = text.find("\nEXIT STATUS\n");
        ASSERT_NE(examples, std::string::npos) << text;
        ASSERT_NE(status, std::string::npos) << text;
        EXPECT_NE(text.find("lktest " + command->get_name(), examples), std::string::npos) << text;
        exits +=
            command->get_name() + "\n" + text.substr(status + 13, text.find("\nSEE ALSO\n") - status - 13);
        EXPECT_EQ(text.find("\nPROMPT\n") != std::string::npos,
                  command->get_name() == "attach" || command->get_name() == "debug");
    }
    expect_golden("help/exit-status.txt", exits);
    expect_golden("help/lktest-debug.1", command_page(*app->get_subcommand("debug")));
}

TEST(ManPage, IsCorrectRoff) {
    Invocation invocation;
    const std::string text = shown(man_page(*make_app(invocation)));
    EXPECT_NE(text.find("--source-date-epoch SECONDS"), std::string::npos) << text;
}

TEST(ManPage, OfScenariosSaysWhatTheirPageSays) {
    const std::string text = shown(scenario_page(read_file(source_directory() / "scenarios/README.md")));
    for (const char* words : {"lktest-scenario - what a boot must reach", "pattern = 'Linux version \\S+'",
                              "[[milestone]]: points that a boot must pass", "tentative",
                              "(?P<name>\xe2\x80\xa6)", "lktest-run(1)"})
        EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
    EXPECT_EQ(text.find("]("), std::string::npos) << "a link";
    EXPECT_EQ(text.find("\n|"), std::string::npos) << "a table";
}

TEST(ManPage, OfRecipesHasTheKeysTheBootParametersAndAnExample) {
    const std::string text =
        shown(recipe_page(read_file(source_directory() / "builder/README.md"),
                          read_file(source_directory() / "builder/recipes/recovery.toml")));
    for (const char* words : {"lktest-recipe - a live medium", "[boot] loader", "partition_table", "toram",
                              "[packages]", "lktest-build(1)"})
        EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
}

TEST(MarkdownPage, KeepsEveryKindOfText) {
    expect_golden(
        "help/markdown.5",
        markdown_page({.name = "lktest-x",
                       .about = "an example",
                       .text = "# Title\n\nA paragraph with `code-it`, **strong** and [a link](x.md),\n"
                               "over two lines.\n\n## `[[table]]`: keys\n\n| key | meaning |\n|---|---|\n"
                               "| `a|b` | 'quoted' \\1 |\n\n| one | two | three |\n|---|---|---|\n"
                               "| x | y | z |\n\n- an item\n  goes on\n- another\n\n"
                               "```\n.code -x   # kept\n\n'it'\n```\n### Lower\n.dot\n",
                       .see_also = {"lktest-run(1)"}}));
}

TEST(Help, FitsTheTerminal) {
    for (const std::size_t width : {60U, 80U, 132U}) {
        Invocation invocation;
        const auto app =
            make_app(invocation, {.jobs = "3 on this machine", .arch = "x86_64", .width = width});
        std::string all = app->help() + everyday_help(*app, width);
        for (const CLI::App* command : visible_commands(*app))
            all += command->help("", CLI::AppFormatMode::Normal) + command->help("", CLI::AppFormatMode::All);
        std::istringstream lines(all);
        // A word that no space breaks, such as the values of an option, stays whole.
        for (std::string line; std::getline(lines, line);)
            EXPECT_TRUE(columns(line) <= width || line.size() - line.rfind(' ') > width / 2 ||
                        line.starts_with("  lktest "))
                << width << ": " << line;
    }
}

TEST(Help, WithoutACommandHasTheEverydayOnes) {
    Invocation invocation;
    expect_golden("help/everyday.txt", everyday_help(*make_app(invocation), 80));
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
    EXPECT_EQ(complete("run --firmware bios,uefi-"), "bios,uefi-secure\nbios,uefi-ia32\n");
    EXPECT_EQ(complete("compare d"), "directory\n");
    EXPECT_EQ(complete("rerun d"), "directory\n");
    EXPECT_EQ(complete("history --add d"), "directory\n");
    EXPECT_EQ(complete("run --recipe rec"), "recovery\n");
    EXPECT_EQ(complete("help insp"), "inspect\n");
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
    EXPECT_EQ(complete("debug --arch aarch64 --stop-at l"), "load.one\n");
    EXPECT_EQ(read_file(dir.path() / "asked"), "generate-cells debug --arch aarch64 --stop-at\n");
    EXPECT_EQ(complete("attach boot.o"), "boot.one\n");
    EXPECT_EQ(read_file(dir.path() / "asked"), "generate-cells attach\n");
    EXPECT_EQ(complete("diagnose boot.o"), "boot.one\n");
}

TEST(Completion, NamesTheCellsThatSuitTheOptionsSoFar) {
    EXPECT_EQ(parse({"generate-cells", "run", "--arch", "aarch64", "--cell"}).begun,
              (Words{"run", "--arch", "aarch64", "--cell"}));
    EXPECT_EQ(cell_names({"run", "--firmware", "nonsense", "--cell"}), "");
    EXPECT_EQ(cell_names({"frobnicate"}), "");
    EXPECT_EQ(cell_names({}), "");
    EXPECT_EQ(cell_names({"attach", "--run", "/nowhere"}), "");
}

TEST(Completion, NamesTheMilestonesOfTheScenario) {
    const TempDir dir;
    const std::string iso = (dir.path() / "x.iso").string(), scenario = (dir.path() / "mine.toml").string();
    write_file(iso, std::string(4096, 'x'));
    write_file(scenario,
               "[[milestone]]\nname = 'first'\npattern = 'a'\nwithin = '1s'\n"
               "[[milestone]]\nname = 'second'\npattern = 'b'\nwithin = '1s'\n");
    EXPECT_EQ(cell_names({"debug", iso, "--scenario", scenario, "--stop-at"}), "first\nsecond\n");
    EXPECT_EQ(cell_names({"debug", iso, "--scenario", scenario, "--arch=x86_64", "--snapshot-at", "="}),
              "first\nsecond\n");
}

/// A guest list that a run in progress answers with.
TEST(Completion, NamesTheGuestsOfARunInProgress) {
    const TempDir run;
    const int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    (run.path() / control_name).string().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listening, 1), 0);
    std::thread answers([listening] {
        const int client = ::accept(listening, nullptr, nullptr);
        std::array<char, 100> asked{};
        const ssize_t size = ::read(client, asked.data(), asked.size());
        EXPECT_EQ(std::string(asked.data(), static_cast<std::size_t>(size)), "{\"do\":\"guests\"}\n");
        const std::string answer = "{\"guests\": [\"boot.x\", \"boot.y\"]}\n";
        EXPECT_EQ(::write(client, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
        ::close(client);
    });
    EXPECT_EQ(cell_names({"attach", "--run", run.path().string()}), "boot.x\nboot.y\n");
    answers.join();
    ::close(listening);
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
