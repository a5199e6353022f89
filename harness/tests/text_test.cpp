// SPDX-License-Identifier: MIT
#include "harness/report/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "builder/base/printable.hpp"
#include "builder/tests/support/golden.hpp"
#include "harness/report/grid.hpp"
#include "harness/tests/support/sample_report.hpp"

namespace lktest {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = text.find('\n', start);
        lines.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return lines;
}

TEST(TextReport, ShowsTheDefaultMatrix) {
    expect_golden("report/passed.txt", text_report(sample_report(), {}));
}

TEST(TextReport, SaysWhyEachCellFailed) {
    expect_golden("report/failed.txt", text_report(sample_failures(), {}));
}

TEST(TextReport, ColoursOnlyWhenAsked) {
    expect_golden("report/failed.ansi", text_report(sample_failures(), {.colour = true}));
    EXPECT_EQ(text_report(sample_failures(), {}).find('\x1b'), std::string::npos);
}

TEST(TextReport, UsesOnlyAsciiWhereNothingElseCanBeShown) {
    const std::string text = text_report(sample_failures(), {.unicode = false});
    for (const char c : text)
        EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << static_cast<int>(c);
    expect_golden("report/failed.ascii.txt", text);
}

TEST(TextReport, HasARowForEachScenarioAndMedium) {
    results::Run report = sample_report();
    for (const results::CellResult& first : sample_report().cells) {
        results::CellResult usb = first;
        usb.cell.medium = "usb";
        usb.cell.scenario = "reboot";
        usb.verdict.reset();
        report.cells.push_back(usb);
    }
    report.cells[5].verdict = sample_verdict(Outcome::cancelled, std::chrono::seconds(3));
    report.cells[5].verdict->reached = "kernel";
    report.took = std::chrono::hours(2);
    expect_golden("report/rows.txt", text_report(report, {}));
}

TEST(TextReport, FitsEightyColumnsWithLongNames) {
    results::Run report = sample_failures();
    for (results::CellResult& result : report.cells)
        result.cell.image = "debian-live-12.7.0-standard-with-a-long-name";
    report.cells[0].verdict = sample_verdict(Outcome::stopped_at_firmware, std::chrono::seconds(12000));
    report.cells[0].verdict->reached = "initramfs-finished";
    for (const std::string& line : lines_of(text_matrix(report, {})))
        EXPECT_LE(columns(line), 80U) << line;
}

TEST(TextReport, ShortensNothingOffATerminal) {
    results::Run report = sample_failures();
    for (results::CellResult& result : report.cells)
        result.cell.image =
            "debian-live-12.7.0-standard-with-a-name-that-is-longer-than-anyone-would-type-it";
    report.cells[1].verdict->evidence.assign(40, std::string(500, 'e'));
    const std::string text = text_report(report, {.shorten = false});
    EXPECT_EQ(text.find("…"), std::string::npos) << text;
    EXPECT_NE(text.find(report.cells[0].cell.image), std::string::npos);
    EXPECT_EQ(std::ranges::count(text, 'e') >= 40 * 500, true);
}

TEST(TextReport, NeverShortensTwoImagesToTheSameName) {
    results::Run report = sample_report();
    const results::CellResult first = report.cells[0];
    report.cells.clear();
    for (const char* image :
         {"distribution-live-2026.11-standard-amd64", "distribution-live-2026.11-desktop-amd64",
          "distribution-live-2026.12-desktop-amd64"})
        for (const char* firmware : {"bios", "uefi", "uefi-secure"}) {
            results::CellResult cell = first;
            cell.cell.image = image;
            cell.cell.firmware = firmware;
            report.cells.push_back(cell);
        }
    std::set<std::string> names;
    const std::vector<std::string> lines = lines_of(text_matrix(report, {.width = 64}));
    for (const std::string& line : lines) {
        EXPECT_LE(columns(line), 64U) << line;
        if (line.find("✓") != line.npos) {
            EXPECT_TRUE(names.insert(line.substr(0, line.find("  "))).second) << line;
        }
        if (line.empty())  // the next columns are in another table
            names.clear();
    }
    EXPECT_EQ(names.size(), 3U) << testing::PrintToString(lines);
}

TEST(TextReport, SaysOfASilentCellInFifteenLinesWhatWasSaidLast) {
    results::Run report = sample_report();
    report.cells.resize(1);
    Verdict verdict = sample_verdict(Outcome::silent, std::chrono::seconds(100));
    verdict.reason = "the console was silent: ";
    for (int i = 0; i < 30; ++i)
        verdict.reason += "and silent ";
    for (int i = 0; i < 20; ++i)
        verdict.evidence.push_back("line " + std::to_string(i) + std::string(100, '.'));
    report.cells.front().verdict = verdict;
    const std::vector<std::string> lines = lines_of(text_report(report, {}));
    const auto begin = std::ranges::find_if(lines, [](const auto& line) { return line.starts_with("✗ "); });
    const auto end = std::find(begin, lines.end(), "");
    EXPECT_EQ(end - begin, static_cast<std::ptrdiff_t>(section_limit));
    const auto holds = [&](const char* words) {
        return std::any_of(begin, end, [&](const auto& line) { return line.find(words) != line.npos; });
    };
    EXPECT_TRUE(holds(" earlier lines: see files"));
    EXPECT_TRUE(holds("line 19..."));
    EXPECT_FALSE(holds("line 0..."));
}

TEST(TextReport, HasEachNoteOnce) {
    results::Run report = sample_report();
    ASSERT_GE(report.cells.size(), 2U);
    report.cells[0].notes = {"Secure Boot trusts A", "this boot changed dbx"};
    report.cells[1].notes = {"Secure Boot trusts A"};
    const std::string text = text_report(report, {});
    EXPECT_NE(text.find("\n– 2 cells: Secure Boot trusts A\n"), std::string::npos) << text;
    EXPECT_NE(text.find("\n– " + report.cells[0].cell.name + ": this boot changed dbx\n"), std::string::npos);
    for (const std::string& line : lines_of(text))
        EXPECT_LE(columns(line), 80U) << line;
}

TEST(TextReport, OfNothingIsStillAReport) {
    EXPECT_EQ(text_report({}, {}), "image  arch\n───────────\n\n✓ 0 of 0 cells passed · 0.0s\n");
}

TEST(ShortNames, AreAsLongAsTheyMustBe) {
    results::Cell bios = sample_cell(Arch::x86_64, Firmware::bios),
                  uefi = sample_cell(Arch::x86_64, Firmware::uefi);
    EXPECT_EQ(short_names({bios, uefi}), (std::vector<std::string>{"x86_64-bios", "x86_64-uefi"}));
    bios.image = "other";
    uefi.medium = "usb";
    EXPECT_EQ(short_names({bios, uefi}),
              (std::vector<std::string>{"other.x86_64-bios-cdrom", "recovery.x86_64-uefi-usb"}));
}

TEST(ExitCode, IsTheWorstThatCanBeSaidOfTheMedia) {
    results::Run report = sample_report();
    EXPECT_EQ(exit_code(report), ExitCode::passed);
    report.cells[0].verdict = sample_verdict(Outcome::cancelled, {});
    EXPECT_EQ(exit_code(report), ExitCode::boot_failed);
    report.cells[1].verdict = sample_verdict(Outcome::host_setup, {});
    EXPECT_EQ(exit_code(report), ExitCode::host);
    report.cells[3].verdict = sample_verdict(Outcome::silent, {});
    EXPECT_EQ(exit_code(report), ExitCode::boot_failed);
}

TEST(ExitCode, IsNotSuccessWhileACellHasNotRun) {
    results::Run report = sample_report();
    report.cells[0].verdict.reset();
    EXPECT_EQ(exit_code(report), ExitCode::boot_failed);
}

TEST(ShortTime, HasTheUnitThatSuitsIt) {
    using namespace std::chrono_literals;
    EXPECT_EQ(results::short_time(123ms), "0.1s");
    EXPECT_EQ(results::short_time(99949ms), "99.9s");
    EXPECT_EQ(results::short_time(100s), "1m 40s");
    EXPECT_EQ(results::short_time(3725s), "1h 02m");
}

}  // namespace
}  // namespace lktest
