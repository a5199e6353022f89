// SPDX-License-Identifier: MIT
// `lktest run --watch` as users run it. There is no guest: an invalid scenario shows that a run started.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

#include "builder/base/file.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

class WatchedRunTest : public testing::Test {
protected:
    void SetUp() override {
        write_file(scenario_, "first = 1\n");
        child_ = ::fork();
        if (child_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (!std::freopen(said_.c_str(), "w", stderr))
                ::_exit(127);
            ::execl(LKTEST_PROGRAM, LKTEST_PROGRAM, "run", "--watch", "--scenario", scenario_.c_str(),
                    "--output", (dir_.path() / "results").c_str(), nullptr);
            ::_exit(127);
        }
    }
    void TearDown() override {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
        }
    }
    bool says(std::string_view text) const {
        for (int i = 0; i < 600; ++i) {
            if (fs::exists(said_) && read_file(said_).find(text) != std::string::npos)
                return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return false;
    }
    int wait_for_end() {
        int status = 0;
        ::waitpid(std::exchange(child_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    TempDir dir_;
    fs::path scenario_ = dir_.path() / "mine.toml", said_ = dir_.path() / "said";
    pid_t child_ = -1;
};

TEST_F(WatchedRunTest, RunsAgainWhenAScenarioHasChangedUntilItIsEnded) {
    ASSERT_TRUE(says("waiting for a change")) << "a run that fails must not end the watch";
    const std::string before = read_file(said_);
    EXPECT_EQ(before.find("second"), std::string::npos);
    write_file(scenario_, "second = 2\n");
    EXPECT_TRUE(says("second")) << read_file(said_);
    ::kill(child_, SIGTERM);
    EXPECT_EQ(wait_for_end(), 2) << "the status of the last run";
}

}  // namespace
}  // namespace lktest
