// SPDX-License-Identifier: MIT
// `lktest run --engine slurm` on a real cluster of two nodes on this machine.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "harness/tests/support/boot_sector.hpp"
#include "harness/tests/support/slurm_cluster.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

class SlurmTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(cluster_.ready()) << cluster_.logs(); }
    void TearDown() override {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
        }
    }

    Words command(const Words& options) const {
        Words words{LKTEST_PROGRAM, "run", "--engine", "slurm",
                    "--history",    "off", "--output", results_.string()};
        words.insert(words.end(), options.begin(), options.end());
        return words;
    }

    /// A guest that prints nothing for some seconds.
    Words silent_guest() const {
        const fs::path iso = scratch_.path() / "silent guest.iso";
        boot_sector::write_iso(boot_sector::silent(), iso);
        write_file(
            scratch_.path() / "short.toml",
            "about = \"A kernel, soon.\"\n[[milestone]]\nname = \"kernel\"\npattern = 'Linux version'\n"
            "within = \"5s\"\n");
        return {"--iso",      iso,    "--scenario", scratch_.path() / "short.toml",
                "--firmware", "bios", "--network",  "none"};
    }

    void begin(const Words& options) {
        Words words = command(options);
        std::vector<char*> arguments;
        for (std::string& word : words)
            arguments.push_back(word.data());
        arguments.push_back(nullptr);
        child_ = ::fork();
        if (child_ == 0) {
            ::execv(arguments.front(), arguments.data());
            ::_exit(127);
        }
    }
    int wait_for_end() {
        int status = 0;
        ::waitpid(std::exchange(child_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    /// squeue's output, once it ends with `end`.
    static std::string queue_that_ends_with(const std::string& end) {
        ProcessResult queue;
        for (int i = 0; i < 300; ++i) {
            queue = run_process({"squeue", "--noheader", "--array", "--format=%A %N %T"});
            if (queue.status == 0 && queue.out.ends_with(end))
                break;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return queue.out;
    }

    Json report() { return Json::parse(read_file(results_ / "latest/matrix.json")); }

    TempDir scratch_;
    fs::path results_ = scratch_.path() / "results";
    SlurmCluster cluster_;
    pid_t child_ = -1;
};

TEST_F(SlurmTest, TheDefaultMatrixEndsAsOnThisMachine) {
    const ProcessResult ended = run_process(command({}), {.deadline = std::chrono::minutes(10)});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err << cluster_.logs();
    const Json planned = Json::parse(check_process({LKTEST_PROGRAM, "matrix", "--json"}));
    const Json matrix = report();
    EXPECT_EQ(matrix.at("counts").at("passed"), 3);
    EXPECT_TRUE(matrix.at("complete"));
    ASSERT_EQ(matrix.at("cells").size(), planned.at("cells").size());
    for (std::size_t i = 0; i < planned.at("cells").size(); ++i) {
        const Json &cell = matrix.at("cells").at(i), &plan = planned.at("cells").at(i);
        EXPECT_EQ(cell.at("name"), plan.at("name"));
        if (!plan.at("not_applicable").is_null()) {
            EXPECT_EQ(cell.at("outcome"), "not-applicable");
            continue;
        }
        EXPECT_EQ(cell.at("reached"), "network") << cell;
        // A menu is a milestone only where its countdown was seen.
        const auto expected = [](const auto& milestone) { return milestone.at("name") != "menu"; };
        EXPECT_EQ(std::ranges::count_if(cell.at("milestones"), expected), 8) << cell;
        EXPECT_EQ(cell.at("reproduce").get<std::string>().rfind("lktest run --arch ", 0), 0U);
        for (const Json& artefact : cell.at("artefacts"))
            EXPECT_TRUE(fs::exists(results_ / "latest" / artefact.get<std::string>())) << artefact;
    }
    EXPECT_GT(fs::file_size(results_ / "latest/index.html"), 50'000U);
    EXPECT_FALSE(fs::exists(results_ / "latest/slurm")) << "it is useless if nothing was lost";
    EXPECT_EQ(queue_that_ends_with(""), "");
}

TEST_F(SlurmTest, ACellWhoseNodeFailsIsBootedOnAnotherOne) {
    Words options = silent_guest();
    options.insert(options.end(), {"--timeout", "8"});
    begin(options);
    const std::string queued = queue_that_ends_with("RUNNING\n");
    const std::size_t at = queued.find(" n");
    ASSERT_NE(at, std::string::npos) << queued << cluster_.logs();
    cluster_.fail(queued.substr(at + 1, 2));
    // Slurm would wait until the credential of the first node has expired after two minutes.
    ASSERT_NE(queue_that_ends_with("PENDING\n"), "");
    check_process({"scontrol", "update", "JobId=" + queued.substr(0, at), "StartTime=now"});
    EXPECT_EQ(wait_for_end(), 1) << cluster_.logs();
    EXPECT_EQ(report().at("cells").at(0).at("class"), "product-failure") << report();
    const std::string job = check_process({"scontrol", "show", "job", queued.substr(0, at)});
    EXPECT_NE(job.find("Restarts=1"), std::string::npos) << job;
}

TEST_F(SlurmTest, CtrlCCancelsTheTasksAndWritesTheReport) {
    Words options = silent_guest();
    for (const char* more :
         {"--cpus", "1", "--machine", "pc", "--machine", "q35", "--memory", "256M", "--memory", "512M"})
        options.emplace_back(more);
    begin(options);
    ASSERT_NE(queue_that_ends_with("RUNNING\n"), "") << cluster_.logs();
    ::kill(child_, SIGINT);
    EXPECT_EQ(wait_for_end(), 1);
    EXPECT_EQ(queue_that_ends_with(""), "");
    const Json matrix = report();
    EXPECT_EQ(matrix.at("cells").size(), 4U);
    EXPECT_GE(matrix.at("counts").at("cancelled"), 2) << matrix.at("counts");
    EXPECT_EQ(matrix.at("counts").at("unfinished"), 0);
}

}  // namespace
}  // namespace lktest
