// SPDX-License-Identifier: MIT
#include "harness/report/saved_run.hpp"

#include <gtest/gtest.h>

#include <pugixml.hpp>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/tests/support/ci_runner.hpp"
#include "builder/tests/support/golden.hpp"
#include "harness/report/compare.hpp"
#include "harness/report/digest.hpp"
#include "harness/report/json.hpp"
#include "harness/report/junit.hpp"
#include "harness/report/merge.hpp"
#include "harness/tests/support/sample_report.hpp"

namespace lktest {
namespace {

using namespace std::chrono_literals;

SavedRun saved(const RunReport& report) {
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

TEST(SavedRun, IsWhatWasWritten) {
    const SavedRun run = saved(sample_failures());
    EXPECT_EQ(run.directory, "runs/one");
    EXPECT_EQ(run.command, (std::vector<std::string>{"lktest", "run"}));
    EXPECT_EQ(run.started, "2026-11-23T15:00:01Z");
    EXPECT_TRUE(run.complete);
    ASSERT_EQ(run.cells.size(), 4U);
    EXPECT_EQ(run.cells[1].name, "boot.recovery.x86_64-uefi-cdrom");
    EXPECT_EQ(run.cells[1].outcome, "kernel-crash");
    EXPECT_EQ(run.cells[1].evidence.size(), 15U);
    EXPECT_EQ(run.cells[0].milestones.size(), 3U);
    EXPECT_EQ(exit_status(run), static_cast<int>(exit_code(sample_failures())));
    EXPECT_EQ(counts_line(run), "1 of 3 cells passed (1 failed, 1 host fault) · 1 not applicable");
}

TEST(SavedRun, MayHaveKeysThatAreNew) {
    Json json = Json::parse(json_report(sample_report()));
    json["weather"] = "fine";
    json["cells"][0]["moon"] = {{"phase", 3}};
    EXPECT_EQ(parse_run(json.dump(), "m").matrix, json);
}

TEST(SavedRun, SaysWhatIsWrongWithAFile) {
    EXPECT_EQ(complaint("{"), "matrix.json is no JSON object");
    EXPECT_EQ(complaint("[]"), "matrix.json is no JSON object");
    EXPECT_EQ(complaint("{}"), "matrix.json names no schema");
    EXPECT_EQ(complaint(R"({"schema": "lktest.matrix/2"})"),
              "matrix.json has the schema lktest.matrix/2, and not lktest.matrix/1");
    EXPECT_EQ(complaint(R"({"schema": "lktest.matrix/1", "cells": 1})"), "matrix.json has no cells");
}

TEST(SavedRun, NamesNoDirectoryButItsOwn) {
    for (const char* name : {"../x", "a/b", "..", ""})
        EXPECT_EQ(complaint(Json({{"schema", "lktest.matrix/1"}, {"cells", {{{"name", name}}}}}).dump()),
                  "matrix.json has a cell without a name")
            << name;
}

TEST(SavedRun, TakesWhateverTypesAStrangerWrote) {
    const SavedRun run = parse_run(R"({"schema": "lktest.matrix/1", "command": {}, "started": 7, "cells": [
        {"name": "a", "outcome": [], "seconds": "x", "evidence": 1, "milestones": [3, {"at": null}]}]})",
                                   "m");
    EXPECT_EQ(run.cells[0].outcome, "");
    EXPECT_EQ(run.cells[0].milestones.size(), 1U);
}

TEST(SavedRun, MayNotBeNestedAsDeepAsItLikes) {
    const std::string deep = std::string(100000, '[') + std::string(100000, ']');
    EXPECT_EQ(complaint(R"({"schema": "lktest.matrix/1", "cells": [], "new": )" + deep + "}"),
              "matrix.json is no JSON object");
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
    RunReport first = sample_failures(), again = sample_report();
    again.started += 10min;
    again.cells = {again.cells[1]};  // what had crashed, mended
    const std::vector<SavedRun> runs{saved(first), saved(again)};
    const std::vector<std::string> junits{junit_report(first), junit_report(again)};
    const MergedRun merged = merge(runs, junits, {"lktest", "report"});
    const SavedRun run = parse_run(merged.matrix.dump(), "m");
    EXPECT_EQ(merged.origin, (std::vector<std::size_t>{0, 1, 0, 0}));
    EXPECT_EQ(run.cells[1].outcome, "passed");
    EXPECT_EQ(counts_line(run), "2 of 3 cells passed (1 host fault) · 1 not applicable");
    EXPECT_EQ(merged.matrix["counts"]["passed"], 2);
    EXPECT_EQ(merged.matrix["exit_code"], 3);
    EXPECT_DOUBLE_EQ(merged.matrix["seconds"].get<double>(), 662.4);
    EXPECT_EQ(merged.matrix["runs"].size(), 2U);

    pugi::xml_document junit;
    ASSERT_TRUE(junit.load_string(merged.junit.c_str()));
    const pugi::xml_node suite = junit.child("testsuites").child("testsuite");
    EXPECT_EQ(suite.attribute("tests").as_int(), 4);
    EXPECT_EQ(suite.attribute("failures").as_int(), 0);
    EXPECT_EQ(suite.attribute("errors").as_int(), 1);
}

TEST(Merge, PrefersACellThatEndedToOneThatDidNot) {
    RunReport ended = sample_report(), killed = sample_report();
    killed.started += 10min;
    killed.complete = false;
    killed.cells[0].verdict.reset();
    killed.cells[1].verdict->outcome = Outcome::cancelled;
    const std::vector<SavedRun> runs{saved(ended), saved(killed)};
    const MergedRun merged = merge(runs, {}, {});
    EXPECT_EQ(merged.matrix["counts"]["passed"], 3);
    EXPECT_EQ(merged.matrix["complete"], false);
    EXPECT_EQ(merged.matrix["exit_code"], nullptr);
}

TEST(Compare, TellsWhatFailsNewlyWhatIsMendedAndWhatTakesLonger) {
    RunReport before = sample_report(), now = sample_report();
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
    ASSERT_EQ(found.slower.size(), 1U);  // the stage itself, not those that only begin later
    EXPECT_EQ(found.slower[0].milestone, "userspace");
    expect_golden("report/compare.txt", text_comparison(found, {}));
}

TEST(Compare, OfTwoLikeRunsHasNothingToTell) {
    EXPECT_EQ(text_comparison(compare(saved(sample_failures()), saved(sample_report())), {}).substr(0, 8),
              "fixed: 2");
    EXPECT_EQ(text_comparison(compare(saved(sample_report()), saved(sample_report())), {}),
              "✓ every cell ended as before\n");
}

TEST(Digest, IsForPeopleForGitHubAndForTap) {
    const SavedRun run = saved(sample_failures());
    expect_golden("report/digest.txt", text_digest(run, {}));
    expect_golden("report/digest.md", markdown_digest(run));
    expect_golden("report/digest.tap", tap_digest(run));
    EXPECT_EQ(github_annotations(run).substr(0, 71),
              "::error title=boot.recovery.x86_64-uefi-cdrom kernel-crash::the kernel ");
}

TEST(Digest, HoldsNoMarkupThatAGuestWrote) {
    RunReport report = sample_failures();
    report.cells[1].verdict->reason = "</details><img src=x> @everyone `x` [a](b)\n::error::%0A";
    report.cells[1].verdict->evidence = {"</pre><script>"};
    const std::string text = markdown_digest(saved(report));
    EXPECT_EQ(text.find("<img"), std::string::npos);
    EXPECT_EQ(text.find("<script"), std::string::npos);
    EXPECT_EQ(text.find("@everyone"), std::string::npos);
    EXPECT_EQ(text.find("[a](b)"), std::string::npos);
    const std::string commands = github_annotations(saved(report));
    EXPECT_EQ(commands.find("\n::error::"), std::string::npos);
    EXPECT_NE(commands.find("%250A"), std::string::npos);
}

TEST(GithubAnnotations, QuoteNothingThatEndsATitleOrBeginsACommand) {
    RunReport report = sample_failures();
    report.cells[1].cell.image.name = "a:b,c%0A";
    report.cells[1].verdict->reason = "##[error]x\n::add-mask::passed";
    const std::string commands = github_annotations(saved(report));
    const std::string first = commands.substr(0, commands.find('\n'));
    EXPECT_EQ(first.substr(0, first.find("::", 2)),
              "::error title=boot.a%3Ab%2Cc%250A.x86_64-uefi-cdrom kernel-crash");
    for (const std::string& command : runner_commands(commands))
        EXPECT_TRUE(command.starts_with("::error title=boot.")) << command;
}

}  // namespace
}  // namespace lktest
