// SPDX-License-Identifier: MIT
// The scripts of the GitHub action, with a stand-in for the boots and for GitHub.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/tests/support/source_directory.hpp"
#include "harness/report/json.hpp"
#include "harness/tests/support/sample_report.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

class ActionTest : public testing::Test {
protected:
    ActionTest() {
        make_program(
            "lktest",
            "if [ $1 != run ]; then exec " + std::string(LKTEST_PROGRAM) +
                " \"$@\"; fi\n"
                "echo \"$@\" >asked; mkdir -p lktest-results/run-1\n"
                "ln -sfn run-1 lktest-results/latest; cp next.json lktest-results/latest/matrix.json\n"
                "[ -z \"${GITHUB_STEP_SUMMARY:-}\" ] || echo twice >>\"$GITHUB_STEP_SUMMARY\"\n"
                "exit 1\n");
        make_program("gh",
                     "for word; do case $word in body=@*) cat \"${word#body=@}\" >posted ;; esac; done\n"
                     "echo \"$@\" >>asked-gh; case \"$*\" in *--paginate*) cat known 2>/dev/null ;; esac\n"
                     "exit 0\n");
        make_program("sudo", "[ $1 != --preserve-env ] || shift; exec \"$@\"\n");
    }
    ProcessResult perform(const std::string& script) {
        const std::string path = (root_.path() / "bin").string() + ":" + std::getenv("PATH");
        return run_process({"bash", (source_directory() / "ci/action" / script).string()},
                           {.directory = root_.path(),
                            .environment = {{"PATH", path},
                                            {"ISO", "live.iso"},
                                            {"OPTIONS", "--all"},
                                            {"SHARD", ""},
                                            {"MERGE", ""},
                                            {"NUMBER", "7"},
                                            {"GITHUB_SERVER_URL", "https://example.org"},
                                            {"GITHUB_REPOSITORY", "o/r"},
                                            {"GITHUB_RUN_ID", "42"},
                                            {"GITHUB_STEP_SUMMARY", file("summary.md").string()}}});
    }
    /// The run that the stand-in for `lktest run` makes.
    void next_run(const results::Run& run) { write_file(file("next.json"), json_report(run)); }
    fs::path file(const std::string& name) const { return root_.path() / name; }

private:
    void make_program(const std::string& name, const std::string& script) {
        make_directories(file("bin"));
        write_file(file("bin") / name, "#!/bin/bash\n" + script);
        fs::permissions(file("bin") / name, fs::perms::owner_all);
    }

    TempDir root_;
};

TEST_F(ActionTest, TheSummaryComparesWithTheLastRunInTwentyLines) {
    next_run(sample_report());
    EXPECT_EQ(perform("boot").status, 1);
    next_run(sample_failures());
    EXPECT_EQ(perform("boot").status, 1);
    EXPECT_EQ(read_file(file("asked")), "run --iso live.iso --all --timings lktest-timings\n");
    const std::string summary = read_file(file("summary.md"));
    EXPECT_EQ(summary.find("twice"), std::string::npos) << summary;
    const std::string second = summary.substr(summary.rfind("### "));
    EXPECT_NE(second.find("Since the run of 2026-11-23T15:00:01Z: 2 newly failing"), std::string::npos)
        << second;
    EXPECT_LE(std::ranges::count(second, '\n'), 20) << second;
}

TEST_F(ActionTest, ThePullRequestHasOneCommentThatIsReplaced) {
    next_run(sample_failures());
    perform("boot");
    const ProcessResult first = perform("comment");
    EXPECT_EQ(first.status, 0) << first.err;
    const std::string posted = read_file(file("posted"));
    EXPECT_TRUE(posted.starts_with("<!-- lktest -->\n### ❌ lktest: 1 of 3 cells passed")) << posted;
    EXPECT_TRUE(posted.ends_with("\n[All results](https://example.org/o/r/actions/runs/42)\n")) << posted;
    EXPECT_LE(std::ranges::count(posted, '\n'), 20 + 2) << posted;
    EXPECT_NE(read_file(file("asked-gh")).find("api --silent repos/o/r/issues/7/comments -F"),
              std::string::npos);
    write_file(file("known"), "123\n");
    EXPECT_EQ(perform("comment").status, 0);
    EXPECT_NE(read_file(file("asked-gh")).find("api --silent -X PATCH repos/o/r/issues/comments/123 -F"),
              std::string::npos);
}

}  // namespace
}  // namespace lktest
