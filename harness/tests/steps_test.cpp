// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/tests/support/golden.hpp"
#include "harness/scenario/next_media.hpp"
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
host = 'test "$machine" = x86_64'
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

TEST(Steps, WhatAGuestSaidIsNoPartOfACommandOfTheHost) {
    EXPECT_EQ(
        problems(R"(
[[step]]
run = "sfdisk --dump /dev/vda"
expect = '(?P<table>.*)'
[[step]]
host = "cat >${served}/t <<END\n${table}\nEND"
)"),
        "mine.toml:10:8: '${table}' would put text from the guest into a command that runs on this machine\n"
        "    host = \"cat >${served}/t <<END\\n${table}\\nEND\"\n"
        "           ^\n"
        "hint: write \"$table\", in double quotes: captures are environment variables of 'host' steps");
}

TEST(Steps, ACaptureCannotTakeTheNameOfAVariableThatProgramsObey) {
    for (const char* name : {"PATH", "LD_PRELOAD", "IFS", "_x", "http_proxy", "served", "artefacts", "guest"})
        EXPECT_TRUE(unfit_capture(name)) << name;
    for (const char* name : {"machine", "table", "a1", "rootDevice"})
        EXPECT_FALSE(unfit_capture(name)) << name;
    EXPECT_NE(problems("[[step]]\nrun = 'x'\nexpect = '(?P<PATH>.*)'\n").find("cannot name a capture"),
              std::string::npos);
}

TEST(Steps, TheHostsShellReadsCapturesFromItsEnvironment) {
    const TempDir dir;
    const std::string hostile =
        "x\nEND\ntouch pwned; $(touch pwned) `touch pwned` '; touch pwned #\"; touch pwned";
    const ProcessResult said =
        run_process({"/bin/sh", "-c", R"(printf %s "$table"; cat <<END
$table
END)"},
                    {.directory = dir.path(), .environment = host_environment({{"table", hostile}})});
    EXPECT_EQ(said.out, hostile + hostile + "\n");
    EXPECT_FALSE(std::filesystem::exists(dir.path() / "pwned"));
}

TEST(Steps, ACaptureOfTheUsersOwnVariableReplacesIt) {
    ::setenv("lktest_table", "the user's", 1);
    const Environment environment = host_environment({{"lktest_table", "the guest's"}});
    EXPECT_EQ(run_process({"env"}, {.environment = environment}).out.find("the user's"), std::string::npos);
    ::unsetenv("lktest_table");
}

TEST(Steps, WhatNoEnvironmentCanHoldIsSaid) {
    EXPECT_EQ(not_for_environment({{"a", "b"}, {"c", std::string(100'000, 'x')}}), std::nullopt);
    EXPECT_NE(not_for_environment({{"a", std::string("b\0c", 3)}}), std::nullopt);
    EXPECT_NE(not_for_environment({{"a", std::string(131'072, 'x')}}), std::nullopt);
    const std::string most(131'071 - 2, 'x');
    ASSERT_EQ(not_for_environment({{"a", most}}), std::nullopt);
    EXPECT_EQ(run_process({"/bin/sh", "-c", "exit ${#a}"}, {.environment = {{"a", most}}}).status,
              most.size() % 256);
    Variables many;
    for (char name = 'a'; name < 'a' + 12; ++name)
        many[std::string(1, name)] = std::string(100'000, 'x');
    EXPECT_NE(not_for_environment(many), std::nullopt);
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
                  .find("mine.toml:11:8: cannot boot from a disk on nvme"),
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
    EXPECT_NE(
        problems("[[step]]\ninsert = 'none.iso'\n").find("mine.toml:6:10: the image none.iso does not exist"),
        std::string::npos);
}

TEST(Steps, FurtherMediaBootOnTheSameMachine) {
    Scenario scenario = parse(R"(
[[step]]
insert = "then"
[[step]]
reset = true
)");
    use_next_media(scenario, {"/media/older.iso", "/media/oldest.iso"});
    EXPECT_EQ(inserted_images(scenario.steps),
              (std::vector<std::string>{"/media/older.iso", "/media/oldest.iso"}));
    ASSERT_EQ(scenario.steps.size(), 4U) << "the second one has steps of its own";
    EXPECT_EQ(scenario.steps[0].name, "insert older.iso");
    EXPECT_EQ(scenario.steps[3].name, "boot oldest.iso");
    EXPECT_TRUE(std::holds_alternative<PressReset>(scenario.steps[3].action));
    Scenario alone = parse("[[step]]\ninsert = 'then'\n");
    EXPECT_THROW(use_next_media(alone, {}), Error);
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
    EXPECT_NE(problems("[[step]]\nselect = []\n").find("'select' does not name a menu entry"),
              std::string::npos);
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
