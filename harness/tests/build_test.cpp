// SPDX-License-Identifier: MIT
// `lktest build` as users run and interrupt it: a small root with Debian's kernel, from packages in the
// cache.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// Quick to build, so that a signal may arrive in any step.
constexpr auto recipe = R"(
about = "Small"
volume_label = "SMALL"
menu_timeout = 3
[[menu]]
title = "Small"
[kernel]
x86_64 = "linux-image-amd64"
exclude = ["drivers/net/*", "drivers/gpu/*", "drivers/media/*", "sound/*"]
[initramfs]
modules = ["virtio_blk?"]
[squashfs]
compressor = "lz4"
)";

class BuildTest : public testing::Test {
protected:
    void SetUp() override {
        ::setenv("XDG_CACHE_HOME", scratch_.path().c_str(), 1);
        make_directories(cache_);
        make_directories(scratch_.path() / "root/bin");
        make_directories(scratch_.path() / "out");
        write_file(scratch_.path() / "root/bin/tool", "#!/bin/sh\n");
        write_file(scratch_.path() / "small.toml", recipe);
        // Packages come from the user's cache, but the results of builds do not.
        for (const char* part : {"chosen", "debs", "tars"})
            if (fs::exists(shared_ / part))
                check_process({"cp", "-al", shared_ / part, cache_ / part});
    }
    void TearDown() override { ::unsetenv("XDG_CACHE_HOME"); }

    std::vector<std::string> command() const {
        return {LKTEST_PROGRAM,
                "build",
                scratch_.path() / "small.toml",
                "--root",
                scratch_.path() / "root",
                "--arch",
                "x86_64",
                "-o",
                iso_};
    }

    ProcessResult build() { return run_process(command()); }

    /// Starts a build and sends it a signal. Returns its wait status.
    int build_and_send(int signal, std::chrono::milliseconds after) const {
        const std::vector<std::string> words = command();
        std::vector<char*> argv;
        for (const std::string& word : words)
            argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        const pid_t child = ::fork();
        if (child == 0) {
            std::freopen("/dev/null", "w", stdout);
            std::freopen("/dev/null", "w", stderr);
            ::execv(argv[0], argv.data());
            ::_exit(127);
        }
        std::this_thread::sleep_for(after);
        ::kill(child, signal);
        int status = 0;
        ::waitpid(child, &status, 0);
        return status;
    }

    /// Files that an interrupted build must not leave.
    std::set<std::string> remains() const {
        std::set<std::string> found;
        for (const fs::path& directory : {iso_.parent_path(), cache_, cache_ / "made", cache_ / "tars",
                                          cache_ / "debs", cache_ / "chosen"}) {
            std::error_code ended_before_it_was_made;
            for (const fs::directory_entry& entry :
                 fs::directory_iterator(directory, ended_before_it_was_made)) {
                const std::string name = entry.path().filename();
                if (name.starts_with("lktest-dir-") || name.find(".part-") != std::string::npos)
                    found.insert(entry.path());
            }
        }
        return found;
    }

    static fs::path users_cache() {
        make_directories(cache_directory());
        return cache_directory();
    }

    const fs::path shared_ = users_cache();  ///< before SetUp() sets another
    const TempDir scratch_{shared_};         ///< on the same file system, for hard links
    const fs::path cache_ = scratch_.path() / "lktest", iso_ = scratch_.path() / "out/live.iso";
};

TEST_F(BuildTest, ThatIsEndedAtAnyMomentLeavesAWholeImageOrNoneAndNothingElse) {
    const ProcessResult first = build();
    ASSERT_EQ(first.status, 0) << first.err;
    const std::string whole = read_file(iso_);
    const auto start_again = [&](bool warm) {
        fs::remove(iso_);
        if (!warm)
            fs::remove_all(cache_ / "made");
    };
    start_again(false);
    const Clock::time_point begin = Clock::now();
    ASSERT_EQ(build().status, 0);
    const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);

    std::mt19937 random(std::random_device{}());
    int ended = 0;
    for (int round = 0; round < 16; ++round) {
        start_again(round % 2 != 0);  // with layers in the cache, most of a build is writing the ISO
        const auto after = std::chrono::milliseconds(random() % (longest.count() / (round % 2 == 0 ? 1 : 3)));
        const int status = build_and_send(round % 4 < 2 ? SIGINT : SIGTERM, after);
        SCOPED_TRACE(fmt::format("round {}, after {} ms of {}", round, after.count(), longest.count()));
        ended += WIFSIGNALED(status) ? 1 : 0;
        EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << status;
        EXPECT_EQ(fs::exists(iso_), WIFEXITED(status));
        if (fs::exists(iso_)) {
            EXPECT_EQ(read_file(iso_) == whole, true);
        }
        EXPECT_EQ(remains(), std::set<std::string>{});
    }
    EXPECT_GT(ended, 0) << "no signal came in time";
    ASSERT_EQ(build().status, 0);
    EXPECT_EQ(read_file(iso_) == whole, true) << "an interrupted build has damaged the cache";
}

TEST_F(BuildTest, SweepsWhatOneLeftThatWasKilled) {
    ASSERT_EQ(build().status, 0);
    const std::string whole = read_file(iso_);
    std::set<std::string> left;
    for (int round = 0; left.empty() && round < 40; ++round) {
        fs::remove(iso_);
        fs::remove_all(cache_ / "made");
        build_and_send(SIGKILL, std::chrono::milliseconds(100 + 40 * round));
        EXPECT_FALSE(fs::exists(iso_));
        left = remains();
    }
    ASSERT_NE(left, std::set<std::string>{}) << "no signal came in time";
    ASSERT_EQ(build().status, 0);
    EXPECT_EQ(remains(), std::set<std::string>{});
    EXPECT_EQ(read_file(iso_) == whole, true);
}

TEST_F(BuildTest, NoticesACacheThatWasDamaged) {
    ASSERT_EQ(build().status, 0);
    const std::string whole = read_file(iso_);
    for (const fs::directory_entry& part : fs::directory_iterator(cache_ / "made"))
        if (part.is_regular_file() && part.path().extension() != ".inputs")
            fs::resize_file(part.path(), part.file_size() / 2);
    for (const fs::directory_entry& tar : fs::directory_iterator(cache_ / "tars")) {
        // The user's cache has the same file, so replace it by a copy.
        const std::string start = read_file(tar.path()).substr(0, 5000);
        write_file(tar.path(), start);
    }
    fs::remove(iso_);
    const ProcessResult again = build();
    ASSERT_EQ(again.status, 0) << again.err;
    EXPECT_EQ(read_file(iso_) == whole, true);
}

TEST_F(BuildTest, RefusesARootForAnotherMachine) {
    write_file(scratch_.path() / "root/bin/sh",
               "\177ELF\2\1\1" + std::string(11, '\0') + "\xb7" + std::string(45, '\0'));
    const ProcessResult refused = build();
    EXPECT_EQ(refused.status, 2);
    EXPECT_EQ(refused.err,
              "lktest: the root is not for x86_64: its /bin/sh is a 64-bit aarch64 "
              "program\nhint: use the root's architecture for --arch, or another root\n");
    EXPECT_FALSE(fs::exists(iso_));
}

TEST_F(BuildTest, AModuleUnpacksToWhatItWasPackedFrom) {
    const fs::path tree = scratch_.path() / "tree", module = scratch_.path() / "50-mine.sb",
                   again = scratch_.path() / "again";
    make_directories(tree / "usr/bin");
    write_file(tree / "usr/bin/tool", "#!/bin/sh\n" + std::string(300'000, 'x'));
    fs::permissions(tree / "usr/bin/tool", fs::perms(0755));
    fs::create_symlink("tool", tree / "usr/bin/link");
    check_process({LKTEST_PROGRAM, "module", "pack", tree, module});
    check_process({LKTEST_PROGRAM, "module", "unpack", module, again});
    check_process({"diff", "-r", "--no-dereference", tree, again});
    EXPECT_EQ(fs::status(again / "usr/bin/tool").permissions(), fs::perms(0755));

    const ProcessResult twice = run_process({LKTEST_PROGRAM, "module", "unpack", module, again});
    EXPECT_EQ(twice.status, 2) << twice.err;
    write_file(module, read_file(module).substr(0, 200));
    const ProcessResult cut =
        run_process({LKTEST_PROGRAM, "module", "unpack", module, scratch_.path() / "cut"});
    EXPECT_EQ(cut.status, 2) << cut.err;
}

}  // namespace
}  // namespace lktest
