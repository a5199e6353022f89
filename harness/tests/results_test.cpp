// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/tests/support/ci_runner.hpp"
#include "builder/tests/support/golden.hpp"
#include "harness/report/comparison.hpp"
#include "harness/report/github.hpp"
#include "harness/report/json.hpp"
#include "harness/report/junit.hpp"
#include "harness/report/markdown.hpp"
#include "harness/report/renderers.hpp"
#include "harness/report/tap.hpp"
#include "harness/report/text.hpp"
#include "harness/results/json.hpp"
#include "harness/results/merge.hpp"
#include "harness/tests/support/sample_report.hpp"

namespace lktest {
namespace {

using namespace std::chrono_literals;
using results::Comparison;
using results::Merge;
using results::parse_run;
using results::read_run;

results::Run saved(const results::Run& report) {
    return parse_run(json_report(report), "runs/one/matrix.json");
}

std::string complaint(const std::string& text) {
    try {
        parse_run(text, "matrix.json");
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
        return error.what();
    }
    return "no error";
}

TEST(SavedResults, IsWhatWasWritten) {
    const results::Run run = saved(sample_failures());
    EXPECT_EQ(run.directory, "runs/one");
    EXPECT_EQ(run.command, (std::vector<std::string>{"lktest", "run"}));
    EXPECT_EQ(results::utc_time(run.started), "2026-11-23T15:00:01Z");
    EXPECT_TRUE(run.complete);
    ASSERT_EQ(run.cells.size(), 4U);
    EXPECT_EQ(run.cells[1].cell.name, "boot.recovery.x86_64-uefi-cdrom");
    EXPECT_EQ(run.cells[1].outcome(), "kernel-crash");
    EXPECT_EQ(run.cells[1].verdict->evidence.size(), 15U);
    EXPECT_EQ(run.cells[0].milestones.size(), 3U);
    EXPECT_EQ(exit_code(run), exit_code(sample_failures()));
    EXPECT_EQ(to_json(run), to_json(sample_failures()));
    EXPECT_EQ(counts_line(run), "1 of 3 cells passed (1 failed, 1 host fault) · 1 not applicable");
}

TEST(SavedResults, KeepWhichImagesWereBootedAndHowTheyChanged) {
    results::Run run = sample_failures();
    run.images = {{"/a.iso", std::string(64, 'a'), 7, run.started, ""},
                  {"/b.iso", "", 8, run.started, "it was removed"}};
    EXPECT_EQ(saved(run).images, run.images);
    EXPECT_EQ(to_json(run)["images"][1]["sha256"], nullptr);

    const std::string said = "image /b.iso changed during the run: it was removed";
    EXPECT_EQ(changed_images(run), std::vector{said});
    for (const std::string& report : {text_report(run, {}), markdown_report(run)})
        EXPECT_NE(report.find("/b.iso changed during the run"), std::string::npos) << report;
    EXPECT_EQ(text_report(run, {}).find("a.iso changed"), std::string::npos);

    results::Run other = run;
    other.images.front().sha256 = std::string(64, 'b');
    const std::vector runs{run, other};
    EXPECT_EQ(merge(runs, {}).run.images.size(), 3U) << "one has two digests";
}

TEST(SavedResults, MayHaveKeysThatAreNew) {
    Json json = Json::parse(json_report(sample_report()));
    json["weather"] = "fine";
    json["cells"][0]["moon"] = {{"phase", 3}};
    EXPECT_EQ(Json(to_json(parse_run(json.dump(), "m"))), json);
}

TEST(SavedResults, SaysWhatIsWrongWithAFile) {
    EXPECT_EQ(complaint("{"), "matrix.json is not a JSON object");
    EXPECT_EQ(complaint("[]"), "matrix.json is not a JSON object");
    EXPECT_EQ(complaint("{}"), "matrix.json does not name a schema");
    EXPECT_EQ(complaint(R"({"schema": "lktest.matrix/2"})"),
              "matrix.json has the schema lktest.matrix/2 instead of lktest.matrix/1");
    EXPECT_EQ(complaint(R"({"schema": "lktest.matrix/1", "cells": 1})"), "matrix.json has no cells");
}

TEST(SavedResults, NamesNoDirectoryButItsOwn) {
    for (const char* name : {"../x", "a/b", "..", ""})
        EXPECT_EQ(complaint(Json({{"schema", "lktest.matrix/1"}, {"cells", {{{"name", name}}}}}).dump()),
                  "matrix.json has a cell without a name that a directory can have")
            << name;
}

TEST(SavedResults, TakesWhateverTypesAStrangerWrote) {
    const results::Run run =
        parse_run(R"({"schema": "lktest.matrix/1", "command": {}, "started": 7, "cells": [
        {"name": "a", "outcome": [], "seconds": "x", "evidence": 1, "milestones": [3, {"at": null}]}]})",
                  "m");
    EXPECT_FALSE(run.cells[0].verdict);
    EXPECT_EQ(run.cells[0].milestones.size(), 1U);
}

TEST(SavedResults, MayNotBeNestedAsDeepAsItLikes) {
    const std::string deep = std::string(100000, '[') + std::string(100000, ']');
    EXPECT_EQ(complaint(R"({"schema": "lktest.matrix/1", "cells": [], "new": )" + deep + "}"),
              "matrix.json is not a JSON object");
}

TEST(ReadRun, FindsTheLastRunAndSaysWhereThereIsNone) {
    const TempDir base;
    make_directories(base.path() / "run-1");
    write_file(base.path() / "run-1/matrix.json", json_report(sample_report()));
    std::filesystem::create_symlink("run-1", base.path() / "latest");
    EXPECT_EQ(read_run(base.path()).directory, base.path() / "latest");
    EXPECT_EQ(read_run(base.path() / "run-1/matrix.json").directory, base.path() / "run-1");
    make_directories(base.path() / "empty");
    EXPECT_THROW(read_run(base.path() / "empty"), Error);
}

TEST(Merge, TakesOfEachCellTheLastWord) {
    results::Run first = sample_failures(), again = sample_report();
    again.started += 10min;
    again.cells = {again.cells[1]};  // the crashed cell, fixed
    const std::vector<results::Run> runs{saved(first), saved(again)};
    const Merge merged = merge(runs, {"lktest", "report"});
    const results::Run& run = merged.run;
    const Json matrix = to_json(run);
    EXPECT_EQ(merged.origin, (std::vector<std::size_t>{0, 1, 0, 0}));
    EXPECT_TRUE(run.cells[1].passed());
    EXPECT_EQ(counts_line(run), "2 of 3 cells passed (1 host fault) · 1 not applicable");
    EXPECT_EQ(matrix["counts"]["passed"], 2);
    EXPECT_EQ(matrix["exit_code"], 3);
    EXPECT_DOUBLE_EQ(matrix["seconds"].get<double>(), 662.4);
    EXPECT_EQ(matrix["runs"].size(), 2U);

    pugi::xml_document junit;
    ASSERT_TRUE(junit.load_string(junit_report(run).c_str()));
    const pugi::xml_node suite = junit.child("testsuites").child("testsuite");
    EXPECT_EQ(suite.attribute("tests").as_int(), 4);
    EXPECT_EQ(suite.attribute("failures").as_int(), 0);
    EXPECT_EQ(suite.attribute("errors").as_int(), 1);
}

TEST(Merge, PrefersACellThatEndedToOneThatDidNot) {
    results::Run ended = sample_report(), killed = sample_report();
    killed.started += 10min;
    killed.complete = false;
    killed.cells[0].verdict.reset();
    killed.cells[1].verdict = sample_verdict(Outcome::cancelled, 1s);
    const std::vector<results::Run> runs{saved(ended), saved(killed)};
    const Json matrix = to_json(merge(runs, {}).run);
    EXPECT_EQ(matrix["counts"]["passed"], 3);
    EXPECT_EQ(matrix["complete"], false);
    EXPECT_EQ(matrix["exit_code"], nullptr);
}

TEST(Compare, TellsWhatFailsNewlyWhatIsMendedAndWhatTakesLonger) {
    results::Run before = sample_report(), now = sample_report();
    before.cells[0] = sample_failures().cells[1];
    before.cells[0].cell = now.cells[0].cell;
    now.cells[1] = sample_failures().cells[1];
    now.cells[3].milestones[1].at += 20s;
    now.cells[3].milestones[2].at += 20s;
    const Comparison found = compare(saved(before), saved(now));
    ASSERT_EQ(found.newly_failing.size(), 1U);
    EXPECT_EQ(found.newly_failing[0].cell, "boot.recovery.x86_64-uefi-cdrom");
    ASSERT_EQ(found.fixed.size(), 1U);
    EXPECT_EQ(found.fixed[0].cell, "boot.recovery.x86_64-bios-cdrom");
    ASSERT_EQ(found.slower.size(), 1U);  // the stage itself, not those that only start later
    EXPECT_EQ(found.slower[0].milestone, "userspace");
    expect_golden("report/compare.txt", text_comparison(found, {}));
}

TEST(Compare, OfTwoLikeRunsHasNothingToTell) {
    EXPECT_EQ(text_comparison(compare(saved(sample_failures()), saved(sample_report())), {}).substr(0, 8),
              "fixed: 2");
    EXPECT_EQ(text_comparison(compare(saved(sample_report()), saved(sample_report())), {}),
              "✓ every cell ended as before\n");
}

TEST(Reports, IsForPeopleForGitHubAndForTap) {
    const results::Run run = saved(sample_failures());
    expect_golden("report/digest.md", markdown_report(run));
    expect_golden("report/digest.tap", tap_report(run));
    EXPECT_EQ(github_annotations(run).substr(0, 71),
              "::error title=boot.recovery.x86_64-uefi-cdrom kernel-crash::the kernel ");
}

TEST(Reports, ForAPullRequestFitOnOneScreen) {
    results::Run run = sample_failures();
    const results::CellResult failed = run.cells[1];
    for (int i = 0; i < 100; ++i) {
        run.cells.push_back(failed);
        run.cells.back().cell.name += std::to_string(i);
        run.cells.back().verdict->reason = fmt::format("reason {}", i % 10);
    }
    const results::Run base = sample_report();
    const std::string text = comment_report(run, &base);
    EXPECT_TRUE(text.starts_with("<!-- lktest -->\n### ❌ lktest: ")) << text;
    EXPECT_LE(std::ranges::count(text, '\n'), 21) << text;
    EXPECT_NE(text.find("Since the run of 2026-"), std::string::npos) << text;
    EXPECT_NE(text.find("2 newly failing (boot.recovery.x86\\_64-uefi-cdrom, "), std::string::npos) << text;
    EXPECT_NE(text.find(" more in the report\n"), std::string::npos) << text;
    EXPECT_NE(text.find("and 7 more)"), std::string::npos) << "one cause of ten cells: " << text;
    EXPECT_NE(markdown_report(base, &base).find(": no change\n"), std::string::npos);
}

TEST(Reports, HoldsNoMarkupThatAGuestWrote) {
    results::Run report = sample_failures();
    report.cells[1].verdict->reason = "</details><img src=x> @everyone `x` [a](b)\n::error::%0A";
    report.cells[1].verdict->evidence = {"</pre><script>"};
    const std::string text = markdown_report(saved(report));
    EXPECT_EQ(text.find("<img"), std::string::npos);
    EXPECT_EQ(text.find("<script"), std::string::npos);
    EXPECT_EQ(text.find("@everyone"), std::string::npos);
    EXPECT_EQ(text.find("[a](b)"), std::string::npos);
    const std::string commands = github_annotations(saved(report));
    EXPECT_EQ(commands.find("\n::error::"), std::string::npos);
    EXPECT_NE(commands.find("%250A"), std::string::npos);
}

TEST(GithubAnnotations, QuoteNothingThatEndsATitleOrBeginsACommand) {
    results::Run report = sample_failures();
    report.cells[1].cell.name = "boot.a:b,c%0A.x86_64-uefi-cdrom";
    report.cells[1].verdict->reason = "##[error]x\n::add-mask::passed";
    const std::string commands = github_annotations(saved(report));
    const std::string first = commands.substr(0, commands.find('\n'));
    EXPECT_EQ(first.substr(0, first.find("::", 2)),
              "::error title=boot.a%3Ab%2Cc%250A.x86_64-uefi-cdrom kernel-crash");
    for (const std::string& command : runner_commands(commands))
        EXPECT_TRUE(command.starts_with("::error title=boot.")) << command;
}

TEST(PullRequest, IsToldInTwentyLinesHoweverMuchFailed) {
    results::Run run = sample_failures();
    const results::CellResult failed = run.cells[1];
    for (std::size_t causes : {0U, 1U, 5U, 200U})
        for (std::size_t firmwares : {1U, 5U, 8U, 30U})
            for (std::size_t images : {0U, 1U, 9U}) {
                run.cells.clear();
                run.images.clear();
                for (std::size_t i = 0; i < std::max(causes, firmwares); ++i) {
                    run.cells.push_back(i < causes ? failed : sample_report().cells[0]);
                    run.cells.back().cell.firmware = "firmware-" + std::to_string(i % firmwares);
                    run.cells.back().cell.name += std::to_string(i);
                    if (i < causes)
                        run.cells.back().verdict->reason += std::to_string(i);
                }
                for (std::size_t i = 0; i < images; ++i)
                    run.images.push_back({"/" + std::to_string(i), "", 0, {}, "it was removed"});
                const results::Run base = sample_report();
                for (const std::string& text :
                     {comment_report(run, &base), markdown_report(run, &base), comment_report(run)}) {
                    EXPECT_LE(std::ranges::count(text, '\n'), 20) << text;
                    EXPECT_EQ(text.find("kernel-crash") != text.npos, causes > 0) << text;
                    EXPECT_EQ(text.find("fix") != text.npos || text.find("names the initrd") != text.npos,
                              causes > 0)
                        << text;
                }
            }
}

TEST(GithubAnnotations, CarryTheFixAndTheCommand) {
    const std::string text = github_annotations(saved(sample_classes()));
    EXPECT_NE(
        text.find("failed on each of 2 attempts%0Afix: name the initrd in grub.cfg%0Aagain: lktest run"),
        std::string::npos)
        << text;
}

TEST(GithubAnnotations, AreAsManyAsARunnerShows) {
    results::Run run = sample_failures();
    const results::CellResult failed = run.cells[1];
    run.cells.assign(12, failed);
    const std::string text = github_annotations(run);
    EXPECT_EQ(std::ranges::count(text, '\n'), 10);
}

TEST(TapReport, EscapesWhatWouldBeginADirective) {
    results::Run run = sample_failures();
    run.cells[1].cell.name = "boot.a # SKIP b";
    EXPECT_NE(tap_report(run).find(" - boot.a \\# SKIP b\n"), std::string::npos) << tap_report(run);
}

TEST(Compare, CallsLessThanASecondNoiseAndAnImpossibleCellNoLoss) {
    results::Run before = sample_report(), now = sample_report();
    before.cells[3].milestones[0].at = 1s;
    now.cells[3].milestones[0].at = 1900ms;
    std::erase_if(now.cells, [](const results::CellResult& cell) { return !cell.bootable(); });
    ASSERT_LT(now.cells.size(), before.cells.size());
    const Comparison found = compare(before, now);
    EXPECT_TRUE(found.slower.empty());
    EXPECT_TRUE(found.gone.empty());
}

TEST(Merge, CountsWhatIsTolerated) {
    const std::vector<results::Run> runs{saved(sample_classes()), saved(sample_classes())};
    const Json matrix = to_json(merge(runs, {}).run);
    EXPECT_EQ(matrix["counts"]["tolerated"], 2);
    EXPECT_EQ(matrix["exit_code"], 1);
}

TEST(Compare, DoesNotFailForWhatIsTolerated) {
    results::Run before = sample_report();
    before.cells.push_back(sample_pass(Arch::x86_64, Firmware::uefi_secure, 27s));
    const Comparison found = compare(before, sample_classes());
    EXPECT_EQ(found.newly_tolerated.size(), 2U);
    EXPECT_EQ(found.newly_failing.size(), 1U);
    EXPECT_TRUE(compare(sample_classes(), sample_classes()).newly_tolerated.empty());
}

TEST(Reports, HaveAGoldenOfEveryClassInEveryFormat) {
    for (const Renderer& row : renderers())
        if (row.format != "html")
            expect_golden("report/classes." + std::string(row.format),
                          row.render(saved(sample_classes()), {}));
        else
            EXPECT_NE(row.render(sample_classes(), {}).find("known-failure"), std::string::npos);
}

/// The lines of a TAP report that a consumer counts as failures.
std::size_t tap_failures(const std::string& tap) {
    std::size_t failures = 0;
    std::istringstream lines(tap);
    for (std::string line; std::getline(lines, line);)
        failures += line.starts_with("not ok ") && line.find(" # TODO ") == std::string::npos ? 1 : 0;
    return failures;
}

TEST(Reports, AgreeWithTheExitStatusOnEveryOutcome) {
    for (int i = -1; i <= static_cast<int>(Outcome::host_setup); ++i) {
        results::Run run = sample_report();
        run.cells.resize(2);
        run.cells[1].verdict.reset();
        if (i >= 0) {
            run.cells[1].verdict = sample_verdict(static_cast<Outcome>(i), 1s);
            run.cells[1].verdict->reason = "a reason # TODO";
        }
        const std::string outcome = run.cells[1].outcome();
        const bool good = exit_code(run) == ExitCode::passed;
        EXPECT_EQ(tap_failures(tap_report(run)) == 0, good) << outcome;
        EXPECT_EQ(github_annotations(run).find("::error") == std::string::npos, good) << outcome;
        const std::string summary = markdown_report(run);
        EXPECT_EQ(summary.starts_with("### ✅"), good) << outcome;
        if (good) {
            EXPECT_EQ(summary.find("❌"), std::string::npos) << outcome;
        }
        pugi::xml_document junit;
        ASSERT_TRUE(junit.load_string(junit_report(run).c_str()));
        const pugi::xml_node suite = junit.child("testsuites").child("testsuite");
        if (run.cells[1].verdict) {
            EXPECT_EQ(suite.attribute("failures").as_int() + suite.attribute("errors").as_int() == 0, good)
                << outcome;
        }
        EXPECT_EQ(exit_code(saved(run)), exit_code(run)) << outcome;
    }
}

}  // namespace
}  // namespace lktest
