// SPDX-License-Identifier: MIT
// The program in a CI system, with saved runs, logs and paths of an attacker who wants to inject commands.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/tests/support/ci_runner.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::string_view attack =
    "::error::x\r::error::y\n::stop-commands::t\n##[error]z ##vso[task.complete] ##teamcity[x] "
    "section_start:1:s\r\x1b[0K";

/// A run whose every text is an attack.
Json hostile_run() {
    const std::string text(attack);
    Json cell = {{"name", text + " cell"},
                 {"scenario", text},
                 {"arch", text},
                 {"firmware", text},
                 {"medium", text},
                 {"image", {{"name", text}, {"path", text}}},
                 {"outcome", "kernel-crash"},
                 {"class", "product-failure"},
                 {"seconds", 1},
                 {"reached", text},
                 {"missing", text},
                 {"reason", text},
                 {"hint", text},
                 {"evidence", {text, text}},
                 {"milestones", {{{"name", text}, {"at", 1}, {"sources", {text}}}}},
                 {"artefacts", {text}},
                 {"reproduce", text}};
    return {{"schema", "lktest.matrix/1"},       {"complete", true},
            {"started", "2026-11-30T09:40:03Z"}, {"seconds", 1},
            {"command", {text, text}},           {"cells", {cell}}};
}

class HostileOutput : public testing::Test {
protected:
    HostileOutput() {
        Json run = hostile_run();
        write("hostile/matrix.json", run.dump());
        run["cells"][0]["class"] = run["cells"][0]["outcome"] = "passed";
        write("passed/matrix.json", run.dump());
        write("console.log", "[    0.000000] Linux version 6.1.0-25-amd64 (debian)\n" + std::string(attack) +
                                 "\n[    1.234567] Kernel panic - not syncing: VFS: ##[error]::error:: x\n" +
                                 std::string(attack) + "\n");
    }

    void write(const fs::path& name, const std::string& content) const {
        make_directories((scratch_.path() / name).parent_path());
        write_file(scratch_.path() / name, content);
    }

    /// Runs lktest in the scratch directory, and finds commands that the runner would obey.
    ProcessResult run(std::vector<std::string> words) const {
        words.insert(words.begin(), LKTEST_PROGRAM);
        ProcessResult ended = run_process(
            words, {.deadline = std::chrono::minutes(2),
                    .directory = scratch_.path(),
                    .environment = {{"GITHUB_ACTIONS", "true"}, {"XDG_STATE_HOME", scratch_.path()}}});
        for (const std::string& stream : {ended.out, ended.err})
            for (const std::string& command : runner_commands(stream))
                ADD_FAILURE() << testing::PrintToString(words) << " prints the command " << command;
        return ended;
    }

    TempDir scratch_;
};

TEST_F(HostileOutput, NoCommandPrintsWhatASavedRunSays) {
    for (const char* format : {"text", "markdown", "tap"})
        EXPECT_NE(run({"report", "hostile", "--format", format}).out, "");
    EXPECT_NE(run({"report", "hostile", "passed", "--output", "merged"}).out, "");
    EXPECT_EQ(run({"compare", "passed", "hostile"}).status, 1);
    EXPECT_NE(run({"history", "--add", "hostile"}).out, "");
    EXPECT_NE(run({"history", "--add", "hostile", "--json"}).out, "");
    EXPECT_EQ(run({"rerun", "hostile"}).status, 2);
}

TEST_F(HostileOutput, AMergedRunHoldsNoFileBeyondTheRunsThatItIsMadeOf) {
    write("secret/id_rsa", "s3cret");
    Json run = hostile_run();
    run["cells"][0]["name"] = "innocent";
    write("one/matrix.json", run.dump());
    fs::create_directory_symlink("../secret", scratch_.path() / "one/innocent");
    const ProcessResult ended = this->run({"report", "one", "passed", "--output", "merged"});
    EXPECT_EQ(ended.status, 1) << ended.err;
    EXPECT_NE(ended.err.find("skipped one/innocent"), std::string::npos) << ended.err;
    EXPECT_FALSE(fs::exists(scratch_.path() / "merged/latest/innocent/id_rsa"));
}

TEST_F(HostileOutput, CheckConsoleQuotesTheLogHarmlessly) {
    EXPECT_EQ(run({"check-console", "console.log"}).status, 1);
    const ProcessResult json = run({"check-console", "console.log", "--json"});
    EXPECT_NE(Json::parse(json.out).dump().find("##[error]::error::"), std::string::npos);  // nothing is lost
}

TEST_F(HostileOutput, ErrorsQuoteWordsHarmlessly) {
    const std::string word(attack);
    for (const char* command :
         {"run", "inspect", "check-console", "build", "matrix", "report", "rerun", "init", "attach",
          "diagnose", "history", "debug", "module", "compare", "doctor", "nothing"}) {
        run({command, word, "--history", "off"});
        run({command, word});
    }
    run({word});
    run({"run", "--" + word});
}

TEST_F(HostileOutput, PathsThatCannotBeUsedAreUsageErrors) {
    const std::string iso = "a\nb\xff.iso";
    write("x\xff.iso", "");
    for (const char* command : {"run", "matrix", "inspect", "check-console", "report", "rerun"}) {
        EXPECT_EQ(run({command, std::string(5000, 'a')}).status, 2) << command;
        const ProcessResult empty = run({command, ""});
        EXPECT_EQ(empty.status, 2) << command;
        EXPECT_NE(empty.err.find("is empty"), std::string::npos) << empty.err;
        const ProcessResult odd = run({command, iso});
        EXPECT_EQ(odd.status, 2) << command;
        EXPECT_NE(odd.err.find("a\\x0ab\\xff.iso"), std::string::npos) << odd.err;
    }
    for (const char* command : {"run", "matrix"})
        EXPECT_EQ(run({command, "x\xff.iso"}).status, 2) << command;
    EXPECT_EQ(run({"run", "x.iso", "--output", std::string(300, 'o')}).status, 2);
}

}  // namespace
}  // namespace lktest
