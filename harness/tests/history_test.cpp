// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "harness/history/database.hpp"
#include "harness/history/pending.hpp"
#include "harness/history/statistics.hpp"
#include "harness/history/trend.hpp"
#include "harness/tests/support/sample_report.hpp"

namespace lktest {
namespace {

/// P(U >= u), calculated by trying every assignment of the values.
double by_counting(const std::vector<double>& before, const std::vector<double>& now) {
    std::vector<double> all = before;
    all.insert(all.end(), now.begin(), now.end());
    const auto u = [](const std::vector<double>& low, const std::vector<double>& high) {
        double pairs = 0;
        for (const double a : low)
            for (const double b : high)
                pairs += b > a ? 1 : 0;
        return pairs;
    };
    const double observed = u(before, now);
    std::vector<int> is_now(all.size(), 0);
    std::fill(is_now.end() - static_cast<std::ptrdiff_t>(now.size()), is_now.end(), 1);
    double ways = 0, as_far = 0;
    do {
        std::vector<double> low, high;
        for (std::size_t i = 0; i < all.size(); ++i)
            (is_now[i] ? high : low).push_back(all[i]);
        ++ways;
        as_far += u(low, high) >= observed ? 1 : 0;
    } while (std::next_permutation(is_now.begin(), is_now.end()));
    return as_far / ways;
}

Sample sample(int number, double kernel, const std::string& outcome_class = "passed") {
    return {"boot.a.x86_64-uefi-cdrom",
            "2026-01-01T00:00:" + std::to_string(10 + number) + "Z",
            "host",
            "tcg",
            outcome_class == "passed" ? "passed" : "kernel-crash",
            outcome_class,
            "digest",
            kernel + 3,
            {{"firmware", 1}, {"kernel", 1 + kernel}, {"userspace", 3 + kernel}}};
}

TEST(MannWhitney, IsExactForFewValues) {
    const std::vector<double> before{1.0, 2.5, 3.1, 4.2, 6.0}, now{2.7, 5.5, 6.1, 7.0};
    EXPECT_NEAR(p_greater(before, now), by_counting(before, now), 1e-12);
    EXPECT_NEAR(p_greater(now, before), by_counting(now, before), 1e-12);
    EXPECT_NEAR(p_greater(std::vector{1.0, 2.0, 3.0}, std::vector{4.0, 5.0}), 1.0 / 10, 1e-12);
    EXPECT_EQ(p_greater(std::vector{4.0, 5.0}, std::vector{1.0, 2.0}), 1);
}

TEST(MannWhitney, KnowsTiesAndEmptySamples) {
    EXPECT_EQ(p_greater({}, std::vector{1.0}), 1);
    EXPECT_EQ(p_greater(std::vector{2.0, 2.0}, std::vector{2.0, 2.0}), 1);
    const std::vector<double> before{1, 1, 1, 2, 2, 2, 3, 3}, now{3, 4, 4, 5};
    // R 4.2: wilcox.test(now, before, alternative = "greater", exact = FALSE): W = 31, p-value = 0.0061
    EXPECT_NEAR(p_greater(before, now), 0.0061, 0.0005);
}

TEST(Holm, AsksMoreOfEachTheMoreThereAre) {
    EXPECT_EQ(significant(std::vector{0.004}, 0.01), (std::vector{true}));
    EXPECT_EQ(significant(std::vector{0.004, 0.5, 0.6}, 0.01), (std::vector{false, false, false}));
    EXPECT_EQ(significant(std::vector{0.9, 0.001, 0.004}, 0.01), (std::vector{false, true, true}));
}

TEST(Trends, NameTheStageThatBecameSlowerAndNoOther) {
    std::vector<Sample> samples;
    for (int i = 0; i < 20; ++i)
        samples.push_back(sample(i, 5 + 0.013 * ((i * 7) % 11) + 0.0001 * i));
    for (int i = 20; i < 25; ++i)
        samples.push_back(sample(i, 5.9 + 0.017 * ((i * 3) % 7)));
    const std::vector<CellTrend> found = trends(samples, 5, 0.01);
    ASSERT_EQ(found.size(), 1U);
    ASSERT_EQ(found[0].regressions.size(), 1U);
    EXPECT_EQ(found[0].regressions[0].milestone, "kernel");
    EXPECT_LT(found[0].regressions[0].p, 0.001);
    EXPECT_EQ(found[0].pass_rate(), 1);
}

TEST(Trends, DoNotCallNoiseOrAnotherMachineSlower) {
    std::vector<Sample> samples;
    for (int i = 0; i < 25; ++i)
        samples.push_back(sample(i, 5 + 0.1 * ((i * 7) % 25)));
    EXPECT_TRUE(trends(samples, 5, 0.01)[0].regressions.empty());
    for (int i = 20; i < 25; ++i) {
        samples[static_cast<std::size_t>(i)] = sample(i, 50 + i);
        samples[static_cast<std::size_t>(i)].accelerator = "other";
    }
    EXPECT_TRUE(trends(samples, 5, 0.01)[0].regressions.empty());
    for (int i = 20; i < 25; ++i) {
        samples[static_cast<std::size_t>(i)].accelerator = samples.front().accelerator;
        samples[static_cast<std::size_t>(i)].host = "another machine";
    }
    EXPECT_TRUE(trends(samples, 5, 0.01)[0].regressions.empty());
    for (int i = 20; i < 25; ++i)
        samples[static_cast<std::size_t>(i)].host = samples.front().host;
    EXPECT_FALSE(trends(samples, 5, 0.01)[0].regressions.empty()) << "of the same machine it is slower";
}

TEST(Trends, TakeNoTimesFromBootsThatFailed) {
    std::vector<Sample> samples;
    for (int i = 0; i < 40; ++i)
        samples.push_back(i % 2 == 0 ? sample(i, 5 + 0.01 * (i * 7 % 40))
                                     : sample(i, i < 30 ? 1.0 : 50.0 + i, "product-failure"));
    EXPECT_TRUE(trends(samples, 5, 0.01)[0].regressions.empty());
}

TEST(Trends, CountFlipsAndNotTheHostsFaults) {
    const CellTrend trend =
        trends({sample(0, 1), sample(1, 1, "product-failure"), sample(2, 1, "host-failure"), sample(3, 1)}, 5,
               0.01)
            .front();
    EXPECT_EQ(trend.runs, 3U);
    EXPECT_EQ(trend.passes, 2U);
    EXPECT_EQ(trend.flakiness(), 1);
}

TEST(Trends, CallOnlyTheSameBytesFlaky) {
    std::vector<Sample> samples{sample(0, 1), sample(1, 1, "product-failure"), sample(2, 1)};
    for (Sample& each : samples)
        each.image.clear();  // a run of an earlier lktest
    EXPECT_EQ(trends(samples, 5, 0.01).front().flakiness(), 0);
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i].image = std::to_string(i);
    EXPECT_EQ(trends(samples, 5, 0.01).front().flakiness(), 0);
    samples[2].image = samples[1].image;
    EXPECT_EQ(trends(samples, 5, 0.01).front().flakiness(), 1);
    samples.push_back(samples[2]);
    EXPECT_EQ(trends(samples, 5, 0.01).front().flakiness(), 0.5);
}

TEST(Trends, CallACellFlakyThatPassedOnASecondAttempt) {
    std::vector<Sample> samples{sample(0, 1), sample(1, 1, "tolerated"), sample(2, 1)};
    samples[1].outcome = "flaky";
    const CellTrend trend = trends(samples, 5, 0.01).front();
    EXPECT_EQ(trend.runs, 2U);
    EXPECT_EQ(trend.pass_rate(), 1);
    EXPECT_EQ(trend.flakiness(), 0.5);
}

TEST(UsualTimes, AreMediansOfPasses) {
    const Json usual =
        usual_times({sample(0, 1), sample(1, 9, "product-failure"), sample(2, 3), sample(3, 2)});
    EXPECT_EQ(usual["boot.a.x86_64-uefi-cdrom"]["kernel"], 3);
}

TEST(HistoryFile, KeepsWhatRunsDidAndEachRunOnce) {
    const TempDir dir;
    const std::filesystem::path file = dir.path() / "state/history.db";
    results::Run run = sample_failures();
    run.directory = "one";
    {
        History history(file);
        EXPECT_TRUE(history.record(run));
        EXPECT_FALSE(history.record(run));
    }
    History history(file);
    const std::vector<Sample> samples = history.samples(10);
    ASSERT_EQ(samples.size(), 3U);  // impossible cells are not counted
    EXPECT_EQ(samples[1].cell, "boot.recovery.x86_64-bios-cdrom");
    EXPECT_EQ(samples[1].accelerator, "tcg");
    EXPECT_EQ(samples[1].milestones.size(), 3U);
    EXPECT_EQ(samples[1].milestones[2].name, "network");
    EXPECT_DOUBLE_EQ(samples[1].seconds, 24.123);
    EXPECT_EQ(samples[2].outcome, "kernel-crash");
}

TEST(HistoryFile, KnowsWhichBytesACellBooted) {
    const TempDir dir;
    results::Run run = sample_failures();
    for (results::CellResult& cell : run.cells)
        cell.cell.image_path = "/live.iso";
    run.images = {{"/live.iso", "abc", 0, {}, ""}};
    History history(dir.path() / "history.db");
    history.record(run);
    EXPECT_EQ(history.samples(1).front().image, "abc");
    run.started += std::chrono::minutes(1);
    run.images.push_back({"/live.iso", "def", 0, {}, ""});  // merged: another file of the same path
    history.record(run);
    EXPECT_EQ(history.samples(1).front().image, "");
}

TEST(HistoryFile, OfVersion1IsKept) {
    const TempDir dir;
    const std::filesystem::path file = dir.path() / "history.db";
    {
        sqlite3* opened = nullptr;
        ASSERT_EQ(sqlite3_open(file.c_str(), &opened), SQLITE_OK);
        const Handle<sqlite3, sqlite3_close> database(opened);
        ASSERT_EQ(sqlite3_exec(opened, R"(
            CREATE TABLE run(id INTEGER PRIMARY KEY, started TEXT, directory TEXT, host TEXT, version TEXT,
                             UNIQUE(started, directory, host));
            CREATE TABLE cell(id INTEGER PRIMARY KEY, run INTEGER, name TEXT, accelerator TEXT, outcome TEXT,
                              class TEXT, seconds REAL, UNIQUE(run, name));
            CREATE TABLE milestone(cell INTEGER, name TEXT, at REAL, UNIQUE(cell, name));
            INSERT INTO run VALUES(1, '2026-01-01T00:00:00Z', '/a', 'host', '0.1');
            INSERT INTO cell VALUES(1, 1, 'old', 'tcg', 'passed', 'passed', 20.5);
            PRAGMA user_version = 1;)",
                               nullptr, nullptr, nullptr),
                  SQLITE_OK);
    }
    History history(file);
    EXPECT_TRUE(history.record(sample_failures()));
    const std::vector<Sample> samples = History(file).samples(1);
    ASSERT_EQ(samples.size(), 4U);
    EXPECT_TRUE(std::ranges::any_of(samples, [](const Sample& each) {
        return each.cell == "old" && each.image.empty() && each.seconds == 20.5;
    }));
}

TEST(HistoryFile, GetsARunLaterThatAnotherProcessKeptItFrom) {
    const TempDir dir;
    const std::filesystem::path file = dir.path() / "history.db";
    results::Run run = sample_failures();
    run.directory = dir.path() / "one";
    const std::filesystem::path kept = keep_pending(file, run);
    EXPECT_TRUE(std::filesystem::exists(kept));
    write_file(kept.parent_path() / "broken.json", "{");
    History history(file);
    EXPECT_EQ(record_pending(file, history), 1U);
    EXPECT_FALSE(std::filesystem::exists(kept));
    EXPECT_EQ(history.samples(10).size(), 3U);
    EXPECT_FALSE(history.record(run));  // it is the same run
    EXPECT_EQ(record_pending(file, history), 0U);
}

TEST(HistoryFile, GivesTheLastTimesTheOldestFirst) {
    const TempDir dir;
    History history(dir.path() / "history.db");
    results::Run report = sample_report();
    for (int i = 0; i < 4; ++i) {
        report.started += std::chrono::minutes(1);
        report.cells[0].verdict->took = std::chrono::seconds(i);
        history.record(report);
    }
    std::vector<double> seconds;
    for (const Sample& sample : history.samples(2))
        if (sample.cell == "boot.recovery.x86_64-bios-cdrom")
            seconds.push_back(sample.seconds);
    EXPECT_EQ(seconds, (std::vector{2.0, 3.0}));
}

TEST(HistoryFile, IsNotDestroyedWhenItIsAnothersFile) {
    const TempDir dir;
    const std::filesystem::path file = dir.path() / "letter.txt";
    write_file(file, std::string(4096, 'x'));
    try {
        History(file).samples(1);
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.what(), "cannot use the history " + file.string() + ": file is not a database");
    }
    EXPECT_EQ(read_file(file), std::string(4096, 'x'));
}

}  // namespace
}  // namespace lktest
