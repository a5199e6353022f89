// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/tests/support/golden.hpp"
#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

constexpr const char* milestone =
    "[[milestone]]\nname = 'kernel'\npattern = 'Linux version'\nwithin = '1s'\n";

Scenario parse(const std::string& text) {
    return parse_scenario("mine.toml", milestone + text);
}

std::string problems(const std::string& text) {
    try {
        parse(text);
    } catch (const Error& error) {
        return std::string(error.what()) + (error.hint().empty() ? "" : "\nhint: " + error.hint());
    }
    return "no problem";
}

TEST(Steps, AreReadInTheirOrder) {
    const Scenario scenario = parse(R"(
[boot]
append = "toram"
[[disk]]
name = "data"
size = "64M"
filesystem = "ext4"
label = "DATA"
[[step]]
run = "uname -m"
expect = '^(?P<machine>\w+)$'
[[step]]
host = "test ${machine} = x86_64"
status = 1
within = "3s"
[[step]]
name = "the end"
unchanged = "data"
arch = "aarch64"
)");
    EXPECT_EQ(scenario.boot.append, "toram");
    ASSERT_EQ(scenario.disks.size(), 1);
    EXPECT_EQ(scenario.disks[0].size, std::uint64_t{64} << 20);
    ASSERT_EQ(scenario.steps.size(), 3);
    EXPECT_EQ(scenario.steps[0].name, "run uname -m");
    EXPECT_EQ(scenario.steps[0].place.line, 13);
    EXPECT_EQ(std::get<RunInGuest>(scenario.steps[0].action).check.expect, "^(?P<machine>\\w+)$");
    EXPECT_EQ(std::get<RunOnHost>(scenario.steps[1].action).check.status, 1);
    EXPECT_EQ(scenario.steps[1].within, std::chrono::seconds(3));
    EXPECT_EQ(scenario.steps[2].name, "the end");
    EXPECT_EQ(steps_for(scenario, Arch::x86_64, Firmware::uefi).size(), 2);
    EXPECT_EQ(steps_for(scenario, Arch::aarch64, Firmware::uefi).size(), 3);
}

TEST(Steps, EveryMistakeIsShownAtItsPlaceWithTheNearestName) {
    expect_golden("messages/steps.txt", problems(R"(
[boot]
append = "two\nlines"
apend = "x"
[[disk]]
name = "My Disk"
size = "100K"
label = "X"
[[disk]]
name = "data"
size = "1M"
attached = false
[[step]]
rum = "true"
[[step]]
run = "echo ${machin} ${HOME} ${x:-y}"
expect = '(?P<machine>\w+'
[[step]]
run = "uname"
expect = '(?P<machine>\w+)'
status = 256
[[step]]
send = "${machin}"
status = 0
[[step]]
run = "true"
reboot = "reboot"
[[step]]
eject = false
within = "0s"
[[step]]
unchanged = ["dat", "data"]
[[step]]
attach = "data"
[[step]]
screenshot = "../x"
[[step]]
reboot = "reboot"
into = "dat"
[[step]]
run = "true"
into = "data"
)"));
}

TEST(Steps, FilesOfADiskAndOfTheWebServerAreReadAlike) {
    const Scenario scenario = parse(R"(
[[disk]]
name = "data"
size = "64M"
filesystem = "ext4"
files = { "copy.iso" = "medium" }
[served]
"systems/live" = "medium:/live"
"own" = "file"
)");
    ASSERT_EQ(scenario.disks.size(), 1);
    EXPECT_EQ(scenario.disks[0].files, (FileList{{"copy.iso", "medium"}}));
    EXPECT_EQ(scenario.served, (FileList{{"own", "file"}, {"systems/live", "medium:/live"}}));
    EXPECT_NE(problems("[served]\nown = 1\n").find("mine.toml:6:7: 'own' must be a string"),
              std::string::npos);
}

TEST(Steps, ADiskIsWriteProtectedWhereItsBusHasSuch) {
    const std::string disk = "[[disk]]\nname = 'kept'\nsize = '1M'\nwrite_protected = true\n";
    EXPECT_TRUE(parse(disk).disks.at(0).protect);
    EXPECT_NE(
        problems(disk + "bus = 'sata'\n").find("mine.toml:8:19: a disk on sata cannot be write-protected"),
        std::string::npos)
        << problems(disk + "bus = 'sata'\n");
}

TEST(Steps, ARebootMayLeadIntoADisk) {
    const Scenario scenario = parse(R"(
[[disk]]
name = "data"
size = "64M"
[[step]]
reboot = "reboot"
into = "data"
[[step]]
reset = true
into = "data"
[[step]]
reset = true
)");
    ASSERT_EQ(scenario.steps.size(), 3);
    EXPECT_EQ(booted_disk(scenario.steps[0]), "data");
    EXPECT_EQ(booted_disk(scenario.steps[1]), "data");
    EXPECT_EQ(booted_disk(scenario.steps[2]), "");
    EXPECT_NE(problems("[[disk]]\nname = 'fast'\nsize = '1M'\nbus = 'nvme'\n"
                       "[[step]]\nreset = true\ninto = 'fast'\n")
                  .find("mine.toml:11:8: a disk on nvme cannot be booted from"),
              std::string::npos);
}

TEST(Steps, AnImageThatIsInsertedLiesBesideTheScenario) {
    const TempDir scratch;
    const std::filesystem::path other = scratch.path() / "other.iso";
    write_file(other, "");
    const Scenario scenario =
        parse_scenario(scratch.path() / "mine.toml", std::string(milestone) +
                                                         "[[step]]\ninsert = 'other.iso'\n"
                                                         "[[step]]\ninsert = 'medium'\n");
    EXPECT_EQ(std::get<InsertMedium>(scenario.steps.at(0).action).image, other);
    EXPECT_EQ(inserted_images(scenario.steps), std::vector<std::string>{other})
        << "the medium itself needs no preparing";
    EXPECT_NE(problems("[[step]]\ninsert = 'none.iso'\n").find("mine.toml:6:10: there is no image none.iso"),
              std::string::npos);
}

TEST(Steps, AMenuEntryIsNamedWithTheSubmenusOnTheWayToIt) {
    const Scenario scenario = parse(R"(
[[step]]
select = "Install"
append = "console=ttyS0"
[[step]]
select = ["Advanced", "Rescue"]
)");
    const auto& one = std::get<SelectEntry>(scenario.steps.at(0).action);
    EXPECT_EQ(one.titles, std::vector<std::string>{"Install"});
    EXPECT_EQ(one.append, "console=ttyS0");
    EXPECT_EQ(scenario.steps[0].name, "select Install");
    EXPECT_EQ(std::get<SelectEntry>(scenario.steps.at(1).action).titles,
              (std::vector<std::string>{"Advanced", "Rescue"}));
    EXPECT_NE(problems("[[step]]\nselect = []\n").find("'select' names no menu entry"), std::string::npos);
    EXPECT_NE(
        problems("[[step]]\nselect = 'x'\nappend = \"a\\nb\"\n").find("mine.toml:7:10: 'append' must be one"),
        std::string::npos);
}

TEST(Steps, AValueMeansItselfInAnExpression) {
    Variables variables{{"name", "a.b"}};
    EXPECT_TRUE(matches("x\na.b", "^${name}$", variables));
    EXPECT_FALSE(matches("aXb", "^${name}$", variables));
    EXPECT_TRUE(matches("one\ntwo 2\n", "^two (?P<number>\\d)$", variables));
    EXPECT_EQ(variables["number"], "2");
}

TEST(Steps, UnknownVariablesAndTheShellsOwnStayAsTheyAre) {
    const Variables variables{{"a", "1"}};
    EXPECT_EQ(fill_in("${a} ${b} ${c:-d} $a ${", variables), "1 ${b} ${c:-d} $a ${");
}

}  // namespace
}  // namespace lktest
