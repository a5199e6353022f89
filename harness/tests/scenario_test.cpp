// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/tests/support/golden.hpp"
#include "builder/tests/support/source_directory.hpp"
#include "harness/console/failures.hpp"
#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view one_milestone = "[[milestone]]\nname = \"a\"\npattern = 'a'\nwithin = \"1s\"\n";

/// The full error message for a scenario; empty if it is valid.
std::string problems_of(std::string text) {
    try {
        parse_scenario("s.toml", std::move(text));
        return "";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
        return error.what();
    }
}

TEST(ReadScenario, MakesAStickOfTheIsoOnlyWhereThereIsAStick) {
    const std::string loopback = "[boot]\nloopback = true\n" + std::string(one_milestone);
    EXPECT_TRUE(parse_scenario("s.toml", "medium = \"usb\"\n" + loopback).boot.loopback);
    EXPECT_EQ(problems_of(loopback),
              "s.toml:1:1: 'loopback' requires a stick\n    [boot]\n    ^\n"
              "hint: add medium = [\"usb\"]");
}

TEST(ReadScenario, KnowsTheFirstWordsOfEveryFirmware) {
    const Scenario scenario = parse_scenario("/x/live.toml", R"(
[[milestone]]
name = "firmware"
banner = true
within = "1s"
)");
    ASSERT_EQ(scenario.milestones.size(), 1U);
    for (const std::string line :
         {"SeaBIOS (version 1.16.2-debian-1.16.2-1)", "UEFI firmware (version 2022.11)",
          "BdsDxe: loading Boot0001", "U-Boot 2023.01+dfsg-2 (Jun 22 2026)"})
        EXPECT_TRUE(std::ranges::any_of(scenario.milestones.front().patterns, [&line](
                                                                                  const Pattern& pattern) {
            return RE2::PartialMatch(line, *pattern);
        })) << line;
}

TEST(ReadScenario, ReadsEveryKey) {
    const Scenario scenario = parse_scenario("/x/live.toml", R"(
about = "Everything."
until = "net"
arch = ["x86_64", "aarch64"]
firmware = "uefi"
medium = ["usb"]
resets = 5
[machine]
memory = "512M"
cpus = 4
[[milestone]]
name = "first"
pattern = 'a'
within = "1s"
[[milestone]]
name = "loader"
pattern = ['GRUB', 'ISOLINUX']
view = "screen"
optional = true
[[milestone]]
name = "net"
pattern = 'address'
view = "prompt"
within = "1500ms"
arch = "aarch64"
firmware = ["uefi"]
network = { lease = false, ping = false, guest_page = "/p", guest_text = "t", host_file = "/f" }
[[milestone]]
name = "end"
pattern = 'end'
within = "2m"
[[milestone]]
name = "never"
pattern = 'z'
within = "2m"
[[failure]]
name = "crash"
pattern = '(a)(b)'
kernel = true
tentative = true
outcome = "kernel-crash"
reason = 'it says \2'
hint = "read"
harmless = ['c', 'd']
)");
    EXPECT_EQ(scenario.name, "live");
    EXPECT_EQ(scenario.about, "Everything.");
    EXPECT_EQ(scenario.until, "net");
    EXPECT_EQ(scenario.arches, (std::vector{Arch::x86_64, Arch::aarch64}));
    EXPECT_EQ(scenario.firmwares, std::vector{Firmware::uefi});
    EXPECT_EQ(scenario.media, std::vector{Medium::usb});
    EXPECT_EQ(scenario.resets, 5U);
    EXPECT_EQ(scenario.machine.memory, std::uint64_t{512} << 20);
    EXPECT_EQ(scenario.machine.cpus, 4U);
    ASSERT_EQ(scenario.milestones.size(), 5U);
    const Milestone& loader = scenario.milestones[1];
    EXPECT_EQ(loader.patterns.size(), 2U);
    EXPECT_EQ(loader.view, View::screen);
    EXPECT_TRUE(loader.optional);
    EXPECT_FALSE(loader.network);
    EXPECT_EQ(loader.place.line, 15U);
    const Milestone& net = scenario.milestones[2];
    EXPECT_EQ(net.view, View::prompt);
    EXPECT_EQ(net.within, 1500ms);
    EXPECT_EQ(net.arches, std::vector{Arch::aarch64});
    EXPECT_FALSE(net.network->lease);
    EXPECT_FALSE(net.network->ping);
    EXPECT_EQ(net.network->guest_page, "/p");
    EXPECT_EQ(net.network->guest_text, "t");
    EXPECT_EQ(net.network->host_file, "/f");
    ASSERT_EQ(scenario.failures.size(), 1U);
    const Failure& failure = scenario.failures[0];
    EXPECT_EQ(failure.name, "crash");
    EXPECT_TRUE(failure.kernel);
    EXPECT_TRUE(failure.tentative);
    EXPECT_FALSE(failure.warning);
    EXPECT_EQ(failure.outcome, Outcome::kernel_crash);
    EXPECT_EQ(failure.reason, "it says \\2");
    EXPECT_EQ(failure.hint, "read");
    EXPECT_EQ(failure.harmless.size(), 2U);
}

TEST(ReadScenario, GivesMilestonesOfOneMachineUpToTheLastThatIsAsked) {
    Scenario scenario = parse_scenario(
        "s.toml", std::string(one_milestone) +
                      "[[milestone]]\nname = \"b\"\npattern = 'b'\nwithin = \"1s\"\narch = \"aarch64\"\n" +
                      "[[milestone]]\nname = \"c\"\npattern = 'c'\nwithin = \"1s\"\n");
    const auto names = [&scenario](Arch arch) {
        std::string text;
        for (const Milestone* milestone : milestones_for(scenario, arch, Firmware::uefi))
            text += milestone->name;
        return text;
    };
    EXPECT_EQ(names(Arch::x86_64), "ac");
    EXPECT_EQ(names(Arch::aarch64), "abc");
    scenario.until = "b";
    EXPECT_EQ(names(Arch::aarch64), "ab");
}

TEST(ReadScenario, ShowsEveryMistakeWithItsPlaceAndTheNearestName) {
    expect_golden("messages/scenario.txt", problems_of(R"(abuot = "x"
until = "kernl"
arch = "x86-64"
medium = ["cdrom", 3]
resets = -1
[machine]
memory = "1T"
cpus = "two"
[[milestone]]
name = "kernel"
patern = 'x'
pattern = ['Linux (version', '']
view = "screne"
within = "20"
network = { lease = 1, guest_text = "t", host_file = "f" }
[[milestone]]
name = "kernel"
[[milestone]]
name = "Kernel 2"
pattern = 'x'
within = "0s"
firmware = "ufei"
[[failure]]
pattern = 'a(?=b)'
outcome = "kernel-crsh"
[[failure]]
pattern = 'a'
reason = '\1'
kernel = true
view = "prompt"
[[failure]]
name = "no pattern"
warning = true
tentative = true
)") + "\n");
}

TEST(ReadScenario, PointsAtASyntaxError) {
    EXPECT_EQ(problems_of("about = \"x\"\n[[milestone]\n"),
              "s.toml:2:13: Error while parsing table header: expected ']', saw '\\n'\n"
              "    [[milestone]\n"
              "                ^");
}

TEST(ReadScenario, WantsAMilestone) {
    const std::string none =
        "s.toml: [[milestone]] is missing, so every boot would pass\n"
        "hint: add one: name, pattern and within";
    EXPECT_EQ(problems_of(""), none);
    EXPECT_EQ(problems_of("about = \"x\"\n"), none);
    EXPECT_EQ(problems_of("milestone = []"), none);
}

TEST(ReadScenario, WantsAMilestoneOnEveryMachineThatExists) {
    EXPECT_EQ(problems_of(std::string(one_milestone) + "firmware = \"bios\"\n"),
              "s.toml: x86_64 with uefi has no required milestone, so every boot would pass\n"
              "hint: add a [[milestone]] that is not optional, or limit 'arch' and 'firmware'\n"
              "s.toml: aarch64 with uefi has no required milestone, so every boot would pass\n"
              "hint: add a [[milestone]] that is not optional, or limit 'arch' and 'firmware'");
    EXPECT_EQ(problems_of("firmware = \"bios\"\n" + std::string(one_milestone) + "arch = \"x86_64\"\n"), "");
}

TEST(ReadScenario, EndsOnlyAtAMilestoneThatMustBeReached) {
    EXPECT_EQ(problems_of("until = \"a\"\n" + std::string(one_milestone) + "optional = true\n"),
              "s.toml:1:9: the boot cannot end at 'a', which is optional\n"
              "    until = \"a\"\n"
              "            ^");
}

TEST(ReadScenario, NamesAFileThatCannotBeRead) {
    try {
        read_scenario("/nonexistent/s.toml");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
        EXPECT_NE(std::string(error.what()).find("/nonexistent/s.toml"), std::string::npos);
    }
}

TEST(ReadScenario, NeverCrashesOnABrokenFile) {
    const std::string whole = read_file(source_directory() / "scenarios/boot.toml");
    for (std::size_t size = 0; size < whole.size(); size += 3)
        try {
            parse_scenario("s.toml", whole.substr(0, size));
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), Error::Kind::usage);
        }
    std::mt19937 random(5);
    constexpr std::string_view telling = "\xff'\"[]{}=,.\n\r\t #\\0aT-";
    for (int round = 0; round < 3000; ++round) {
        std::string bad = whole;
        for (int i = 0; i < 3; ++i)
            bad[random() % bad.size()] = telling[random() % telling.size()];
        try {
            parse_scenario("s.toml", bad);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), Error::Kind::usage);
        }
    }
}

TEST(ShippedFiles, AreAllValid) {
    std::size_t scenarios = 0;
    for (const auto& entry : std::filesystem::directory_iterator(source_directory() / "scenarios"))
        if (entry.path().extension() == ".toml") {
            EXPECT_NO_THROW(read_scenario(entry.path())) << entry.path();
            ++scenarios;
        }
    EXPECT_GE(scenarios, 2U);
}

TEST(ReadScenario, CertificatesLieBesideTheScenario) {
    const TempDir scratch;
    const std::filesystem::path mine = scratch.path() / "mine.pem";
    write_file(mine, "");
    const std::string milestone =
        "[[milestone]]\nname = 'kernel'\npattern = 'Linux version'\nwithin = '1s'\n";
    const auto read = [&](const std::string& firmware, const std::string& keys) -> std::string {
        const std::string text = firmware + "[secure_boot]\n" + keys + milestone;
        try {
            const Scenario scenario = parse_scenario(scratch.path() / "mine.toml", text);
            return fmt::format("{} {}", fmt::join(scenario.keys.db, " "), scenario.keys.pk);
        } catch (const Error& error) {
            return error.what();
        }
    };
    const std::string secure = "firmware = 'uefi-secure'\n";
    EXPECT_EQ(read(secure, "db = ['microsoft', 'mine.pem']\npk = 'mine.pem'\n"),
              fmt::format("microsoft {} {}", mine.string(), mine.string()));
    EXPECT_NE(read("", "db = 'mine.pem'\n").find("only firmware with Secure Boot has keys"),
              std::string::npos);
    EXPECT_NE(read(secure, "db = 'his.pem'\n").find("does not exist"), std::string::npos);
    EXPECT_NE(read(secure, "pk = ['mine.pem', 'mine.pem']\n").find("'pk' must be a single file"),
              std::string::npos);
    EXPECT_NE(read(secure, "pk = 'microsoft'\n").find("does not exist"), std::string::npos);
}

TEST(ReadScenario, TrustAndSbatAreAxesOfItsMachines) {
    const TempDir scratch;
    const std::filesystem::path level = scratch.path() / "level.csv";
    write_file(level, "sbat,1,2025021800\n");
    const auto read = [&](const std::string& keys) {
        return parse_scenario(
            scratch.path() / "s.toml",
            "firmware = 'uefi-secure'\n[secure_boot]\n" + keys +
                "[[milestone]]\nname = 'kernel'\npattern = 'Linux version'\nwithin = '1s'\n");
    };
    const Scenario scenario = read("trust = ['2011', 'both']\nsbat = ['none', 'level.csv']\n");
    EXPECT_EQ(scenario.hardware.trusts, (std::vector{Trust::ca2011, Trust::both}));
    EXPECT_EQ(scenario.hardware.sbats, (std::vector<std::string>{"none", level.string()}));
    for (const char* bad : {"trust = '2012'\n", "sbat = '2025'\n", "sbat = 'no-such-file'\n"})
        EXPECT_THROW(read(bad), Error) << bad;
}

}  // namespace
}  // namespace lktest
