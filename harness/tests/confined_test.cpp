// SPDX-License-Identifier: MIT
// The restrictions of a confined process, and the fate of one that breaks them. This program serves its own
// jobs.
#include "builder/base/confined.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <vector>

#include "builder/base/file.hpp"
#include "builder/base/packed.hpp"
#include "harness/cli/confined_jobs.hpp"
#include "harness/diagnose/packed_examination.hpp"

namespace lktest {
namespace {

std::string repeat_job(std::span<const int> files, std::string_view input) {
    std::string bytes(100, '\0');
    const ssize_t count = files.empty() ? 0 : ::pread(files[0], bytes.data(), bytes.size(), 0);
    return std::string(input) + bytes.substr(0, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
}

std::string complain_job(std::span<const int>, std::string_view input) {
    throw usage_error(std::string(input), "look again");
}

std::string grow_job(std::span<const int>, std::string_view) {
    std::vector<std::string> all;
    for (;;)
        all.emplace_back(std::size_t{1} << 20, 'x');
}

std::string spin_job(std::span<const int>, std::string_view) {
    for (std::atomic<unsigned> count = 0;;)
        ++count;
}

std::string crash_job(std::span<const int>, std::string_view) {
    ::signal(SIGSEGV, SIG_DFL);
    __builtin_trap();
}

/// The names of forbidden actions that succeeded.
std::string escape_job(std::span<const int>, std::string_view) {
    std::string done;
    const auto attempt = [&done](bool succeeded, std::string_view what) {
        if (succeeded)
            done.append(what).append(" ");
    };
    attempt(::open("/etc/passwd", O_RDONLY) >= 0, "open");
    attempt(::open("/tmp", O_TMPFILE | O_WRONLY, 0600) >= 0, "create");
    attempt(::socket(AF_INET, SOCK_STREAM, 0) >= 0, "socket");
    attempt(::kill(::getppid(), 0) == 0, "kill");
    attempt(::fork() >= 0, "fork");
    char program[] = "/bin/true";
    char* const arguments[] = {program, nullptr};
    attempt(::execv(program, arguments) == 0, "exec");
    attempt(::geteuid() == 0, "root");
    return done;
}

std::string why(std::string_view job, const ConfinedLimits& limits = {}) {
    try {
        run_confined(job, {}, "", limits);
    } catch (const ConfinedFailure& failure) {
        return failure.what();
    }
    return "nothing";
}

TEST(Confined, AnswersWithWhatItReadsOfItsFiles) {
    const TempDir directory;
    write_file(directory.path() / "x", "content");
    const UniqueFd file(::open((directory.path() / "x").c_str(), O_RDONLY | O_CLOEXEC));
    const std::array files{file.get()};
    EXPECT_EQ(run_confined("repeat", files, std::string("a\0b", 3)), std::string("a\0bcontent", 10));
}

TEST(Confined, PassesOnAnErrorAsItWas) {
    try {
        run_confined("complain", {}, "x is not an ISO");
        FAIL();
    } catch (const ConfinedFailure&) {
        FAIL() << "it answered";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
        EXPECT_STREQ(error.what(), "x is not an ISO");
        EXPECT_EQ(error.hint(), "look again");
    }
}

TEST(Confined, ReachesNothingOutside) {
    EXPECT_EQ(run_confined("escape", {}, ""), "");
}

TEST(Confined, CostsOnlyItsAnswerAtALimit) {
#if !defined(__SANITIZE_ADDRESS__)
    EXPECT_EQ(why("grow", {.memory = 256 << 20}), "it needs more than 256 MiB of memory");
#endif
    EXPECT_EQ(why("spin", {.cpu = std::chrono::seconds(1)}), "it takes more than 1 s of processor time");
    EXPECT_EQ(why("spin", {.deadline = std::chrono::seconds(1)}), "it takes longer than 1 s");
    EXPECT_TRUE(why("crash").starts_with("its reader ")) << why("crash");
    EXPECT_EQ(why("no such job"), "its reader ended with status 0");
}

Examination filled() {
    Examination seen;
    seen.samples = {
        {{.index = 1, .pc = 2, .mode = CpuState::Mode::user, .page_tables = PageTables{.root = 3}}}, {}};
    seen.log = {{.sequence = 7, .time = std::chrono::nanoseconds(9), .text = std::string("a\0\xff", 3)}};
    seen.tasks = TaskList{.tasks = {{.pid = 1, .name = "init", .arguments = {"a", "b"}}},
                          .root = "overlay",
                          .cards = std::vector<NetworkCard>{{.name = "eth0", .up = true}}};
    seen.attached = {{AttachedDevice::Kind::card, "e1000e", "52:54"}};
    seen.untold = {"x"};
    return seen;
}

TEST(Packed, ExaminationIsTheSameAfterwards) {
    Examination seen = filled(), again;
    const std::string bytes = packed(seen);
    ASSERT_TRUE(unpack(bytes, again));
    EXPECT_EQ(packed(again), bytes);
    EXPECT_EQ(again.log, seen.log);
    EXPECT_EQ(again.tasks->tasks[0].arguments, seen.tasks->tasks[0].arguments);
    EXPECT_EQ(again.samples[0][0].page_tables->root, 3U);
}

TEST(Packed, NonsenseIsRefusedAndMadeNoLargerThanItIs) {
    Examination seen = filled();
    const std::string bytes = packed(seen);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        Examination again;
        EXPECT_FALSE(unpack(std::string_view(bytes).substr(0, size), again)) << size;
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string broken = bytes;
        broken[at] = '\xff';
        Examination again;
        unpack(broken, again);
        EXPECT_LE(again.log.size() + again.samples.size() + again.untold.size(), bytes.size());
    }
}

}  // namespace

static const std::vector<ConfinedJob>& test_jobs() {
    static const std::vector<ConfinedJob> jobs = [] {
        std::vector<ConfinedJob> all{{"repeat", repeat_job}, {"complain", complain_job},
                                     {"grow", grow_job},     {"spin", spin_job},
                                     {"crash", crash_job},   {"escape", escape_job}};
        all.insert(all.end(), confined_jobs.begin(), confined_jobs.end());
        return all;
    }();
    return jobs;
}

}  // namespace lktest

int main(int argc, char** argv) {
    if (const auto status = lktest::serve_confined(argc, argv, lktest::test_jobs()))
        return *status;
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
