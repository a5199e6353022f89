// SPDX-License-Identifier: MIT
#include "harness/matrix/trials.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

const Verdict good{.outcome = Outcome::passed, .reached = "network", .took = std::chrono::seconds(10)};
const Verdict bad{.outcome = Outcome::kernel_crash,
                  .reached = "kernel",
                  .missing = "root",
                  .reason = "it panicked",
                  .took = std::chrono::seconds(5)};

TEST(Share, IsThatOfWilson) {
    // Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    EXPECT_NEAR(share_of(81, 263).least, 0.2553, 0.00005);
    EXPECT_NEAR(share_of(81, 263).most, 0.3662, 0.00005);
    EXPECT_NEAR(share_of(0, 20).most, 0.1611, 0.00005);
    EXPECT_EQ(share_of(0, 20).least, 0);
    EXPECT_NEAR(share_of(29, 29).least, 0.8830, 0.00005);
    EXPECT_EQ(share_of(29, 29).most, 1);
}

TEST(Repetitions, PassWhenEveryBootDoesAndTellTheRate) {
    const Verdict all = of_repetitions({good, good, good});
    EXPECT_EQ(all.outcome, Outcome::passed);
    EXPECT_EQ(all.reason, "3 of 3 boots passed: 100.0 % (95 % confidence: 43.9 to 100.0 %)");
    EXPECT_EQ(all.took, std::chrono::seconds(30));
    const Verdict most = of_repetitions({good, bad, good, good});
    EXPECT_EQ(most.outcome, Outcome::kernel_crash);
    EXPECT_EQ(most.missing, "root");
    EXPECT_EQ(most.reason, "3 of 4 boots passed: 75.0 % (95 % confidence: 30.1 to 95.4 %); it panicked");
}

TEST(Retries, MakeACellFlakyThatPassesInTheEnd) {
    EXPECT_EQ(of_retries({good}, 3).outcome, Outcome::passed);
    EXPECT_TRUE(of_retries({good}, 3).attempts.empty());
    const Verdict flaky = of_retries({bad, bad, good}, 3);
    EXPECT_EQ(flaky.outcome, Outcome::flaky);
    EXPECT_EQ(flaky.reached, "network");
    EXPECT_EQ(flaky.reason, "passed on attempt 3 of 3; attempt 1 of 3: kernel-crash: it panicked");
    EXPECT_EQ(flaky.took, std::chrono::seconds(20));
    EXPECT_EQ(flaky.attempts.size(), 3U);
}

TEST(Retries, AreAllListedWhenNoneHelped) {
    Verdict later = bad;
    later.outcome = Outcome::silent;
    const Verdict failed = of_retries({bad, later}, 2);
    EXPECT_EQ(failed.outcome, Outcome::kernel_crash);
    EXPECT_EQ(failed.reason, "it panicked");
    ASSERT_EQ(failed.attempts.size(), 2U);
    EXPECT_EQ(failed.attempts[1].name, "attempt 2 of 2");
    EXPECT_EQ(failed.attempts[1].outcome, Outcome::silent);
}

TEST(Retries, AreNotSpentOnWhatInspectHasConfirmed) {
    EXPECT_TRUE(worth_retrying(bad));
    EXPECT_FALSE(worth_retrying(good));
    EXPECT_FALSE(worth_retrying({.outcome = Outcome::cancelled}));
    Verdict on_medium = bad;
    on_medium.on_medium = true;
    EXPECT_FALSE(worth_retrying(on_medium));
}

/// Searches where any size of at least `floor` boots; returns the sizes in MiB in the order tried.
std::vector<std::uint64_t> search(std::uint64_t most, std::uint64_t floor, MemorySearch& search) {
    std::vector<std::uint64_t> tried;
    while (const auto memory = search.next()) {
        tried.push_back(*memory >> 20);
        search.tried(*memory, *memory >= floor << 20);
        EXPECT_LE(tried.back(), most);
        if (tried.size() > 20)
            break;
    }
    return tried;
}

TEST(MemorySearch, FindsTheLeastThatBootsByHalves) {
    MemorySearch whole(std::uint64_t{1} << 30);
    EXPECT_EQ(search(1024, 200, whole), (std::vector<std::uint64_t>{1024, 512, 256, 128, 192, 224, 208}));
    EXPECT_EQ(whole.least(), std::uint64_t{208} << 20);
    const Verdict verdict = of_memory_search(whole, {good, bad});
    EXPECT_EQ(verdict.outcome, Outcome::passed);
    EXPECT_EQ(verdict.reason, "boots with 208 MiB of memory, not with 192 MiB");
}

TEST(MemorySearch, EndsAtOnceWhenAllIsNotEnough) {
    MemorySearch none(std::uint64_t{1} << 30);
    EXPECT_EQ(search(1024, 4096, none), (std::vector<std::uint64_t>{1024}));
    EXPECT_EQ(none.least(), std::nullopt);
    EXPECT_EQ(of_memory_search(none, {bad}).outcome, Outcome::kernel_crash);
}

TEST(EarlyConsole, SaysWhatTheSilentBootDidNot) {
    const Verdict silent{
        .outcome = Outcome::silent, .reason = "no word", .hint = {}, .took = std::chrono::seconds(2)};
    const Verdict early{.outcome = Outcome::kernel_crash,
                        .reason = "it panicked",
                        .hint = {},
                        .took = std::chrono::seconds(3)};
    EXPECT_TRUE(fell_silent(silent));
    EXPECT_FALSE(fell_silent(early));
    const Verdict both = of_early_console(silent, early);
    EXPECT_EQ(both.outcome, Outcome::silent);
    EXPECT_EQ(both.reason,
              "no word; a second boot with an early console (early/) shows: kernel-crash, it panicked");
    EXPECT_EQ(both.took, std::chrono::seconds(5));
}

}  // namespace
}  // namespace lktest
