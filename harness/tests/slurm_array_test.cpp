// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "harness/slurm/array.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;

TEST(JobArrays, HoldCellsThatAskTheSameOfANode) {
    const std::vector<TaskSize> sizes{
        {1, gibibyte}, {1, gibibyte}, {1, gibibyte}, {1, 2 * gibibyte}, {4, gibibyte}};
    EXPECT_EQ(job_arrays(sizes, 2),
              (std::vector<JobArray>{
                  {0, 2, 1, gibibyte}, {2, 1, 1, gibibyte}, {3, 1, 1, 2 * gibibyte}, {4, 1, 4, gibibyte}}));
    EXPECT_TRUE(job_arrays({}, 2).empty());
}

TEST(JobArrays, AreNoLargerThanSlurmTakesThem) {
    EXPECT_EQ(max_array_size("MaxArraySize            = 4001\nMaxDBDMsgs = 20004\n"), 4001U);
    EXPECT_EQ(max_array_size("slurm_load_ctl_conf error"), 1001U);
    EXPECT_EQ(max_array_size("MaxArraySize = 0\n"), 1U);
    EXPECT_EQ(job_arrays(std::vector<TaskSize>(10'000), 1001).size(), 10U);
}

TEST(Queue, SaysWhichTasksAreThereAndWhichRun) {
    const std::map<QueuedTask, bool> tasks = parse_queue(
        "17 0 RUNNING\n17 12 PENDING\n18 0 COMPLETING\nslurm_load_jobs error: timed out\n\n19 x y\n");
    EXPECT_EQ(tasks,
              (std::map<QueuedTask, bool>{{{"17", 0}, true}, {{"17", 12}, false}, {{"18", 0}, false}}));
}

class JobScript : public testing::Test {
protected:
    /// Runs the script as Slurm would, for the cell 5 + 2; `program` takes the place of lktest.
    ProcessResult run(const std::string& program) {
        make_directories(directory_);
        write_file(directory_ / "cells", "0\n1\n2\n3\n4\n5\n6\nboot.seven\n8\n");
        write_file(directory_ / "alive", "1\n");
        write_file(scratch_.path() / "lktest", "#!/bin/sh\n" + program);
        std::filesystem::permissions(scratch_.path() / "lktest", std::filesystem::perms::owner_all);
        write_file(scratch_.path() / "task.sh",
                   job_script("'" + directory_.string() + "'", "./lktest run 'a b'"));
        return run_process(
            {"sh", (scratch_.path() / "task.sh").string(), "5"},
            {.environment = {{"SLURM_ARRAY_TASK_ID", "2"}, {"SLURM_SUBMIT_DIR", scratch_.path().string()}}});
    }
    TempDir scratch_;
    std::filesystem::path directory_ = scratch_.path() / "a directory";
};

TEST_F(JobScript, BootsTheCellOfItsTask) {
    const ProcessResult ended = run("printf '<%s>' \"$@\"; exit 3\n");
    EXPECT_EQ(ended.out, "<run><a b><--cell><boot.seven><--output><" + directory_.string() + "/7>")
        << ended.err;
    EXPECT_EQ(ended.status, 3);
}

TEST_F(JobScript, PassesTheWordToStopOnAndWaitsForTheEnd) {
    // Slurm signals the script; here the task does so itself.
    const ProcessResult ended =
        run("trap 'echo tidied up; exit 4' TERM\nkill -TERM $PPID\nwhile :; do sleep 0.1; done\n");
    EXPECT_EQ(ended.out, "tidied up\n") << ended.err;
    EXPECT_EQ(ended.status, 4);
}

}  // namespace
}  // namespace lktest
