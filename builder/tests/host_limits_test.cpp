// SPDX-License-Identifier: MIT
#include "builder/base/host_limits.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "builder/base/file.hpp"
#include "builder/tests/support/error_of.hpp"

namespace lktest {
namespace {

class Killed : public testing::Test {
protected:
    void write(const std::string& path, const std::string& content) const {
        make_directories((root_.path() / path).parent_path());
        write_file(root_.path() / path, content);
    }

    /// Whether the counter sees the change from one content of a file to another.
    bool sees(const std::string& path, const std::string& before, const std::string& after) const {
        write(path, before);
        const OomCounter counter(root_.path());
        EXPECT_FALSE(counter.killed_any());
        write(path, after);
        return counter.killed_any();
    }

    TempDir root_;
};

TEST_F(Killed, IsSeenInACgroupOfVersion2) {
    write("proc/self/cgroup", "0::/user.slice/lktest\n");
    const std::string file = "sys/fs/cgroup/user.slice/lktest/memory.events";
    EXPECT_TRUE(sees(file, "low 0\nmax 3\noom 1\noom_kill 1\n", "low 0\nmax 9\noom 2\noom_kill 2\n"));
    EXPECT_FALSE(sees(file, "oom 1\noom_kill 1\n", "oom 7\noom_kill 1\n"));
}

TEST_F(Killed, IsSeenInACgroupOfVersion1) {
    write("proc/self/cgroup", "5:cpu,cpuacct:/\n4:memory:/lktest\n0::/\n");
    EXPECT_TRUE(sees("sys/fs/cgroup/memory/lktest/memory.oom_control",
                     "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n",
                     "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"));
}

TEST_F(Killed, IsSeenAtTheRootOfAContainersMount) {
    write("proc/self/cgroup", "4:memory:/docker/0123\n");
    EXPECT_TRUE(sees("sys/fs/cgroup/memory/memory.oom_control", "oom_kill 0\n", "oom_kill 1\n"));
}

TEST_F(Killed, IsSeenOfTheWholeMachineWithoutAnyCgroup) {
    EXPECT_TRUE(sees("proc/vmstat", "nr_free_pages 7\noom_kill 2\n", "nr_free_pages 7\noom_kill 3\n"));
}

TEST_F(Killed, SaysOutOfMemoryOnlyOfSigkill) {
    write("proc/vmstat", "oom_kill 2\n");
    const OomCounter counter(root_.path());
    EXPECT_EQ(killed_by(SIGKILL, counter), "was killed by signal 9 (Killed)");
    write("proc/vmstat", "oom_kill 3\n");
    EXPECT_EQ(killed_by(SIGKILL, counter), "was killed by signal 9 (Killed): out of memory");
    EXPECT_EQ(killed_by(SIGSEGV, counter), "was killed by signal 11 (Segmentation fault)");
    EXPECT_NE(hint_for_killed(SIGXFSZ, counter), "");
}

TEST(WritingHint, NamesTheLimitThatWasReached) {
    for (const auto& [error, word] : {std::pair{ENOSPC, "space"}, std::pair{EDQUOT, "quota"},
                                      std::pair{EFBIG, "ulimit -f"}, std::pair{EMFILE, "ulimit -n"}})
        EXPECT_NE(hint_for_writing(error).find(word), std::string::npos) << error;
    EXPECT_EQ(hint_for_writing(EPERM), "");
}

TEST(FileSizeLimit, IsNamedBeforeAnythingNeedsALargerFile) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small{.rlim_cur = 20 << 20, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::string refused = error_of([] { require_file_size(512 << 20, "the memory of a guest"); });
    const std::string allowed = error_of([] { require_file_size(20 << 20, "the memory of a guest"); });
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(refused,
              "host: the memory of a guest needs 512 MiB, but a file may have at most 20480 KiB here\n"
              "hint: raise the limit of the size of files (ulimit -f)");
    EXPECT_EQ(allowed, "nothing was thrown");
}

TEST(MessageHint, IsAboutTheLimitThatTheMessageNames) {
    const std::string install = "install it: apt install qemu-system-x86";
    EXPECT_EQ(hint_for_message("libvirt finds no QEMU: Failed to save x: No space left on device", install),
              "free some space on that file system");
    EXPECT_EQ(hint_for_message("cannot write x: No space left on device",
                               "free some space, or choose another --output"),
              "free some space, or choose another --output");
    EXPECT_NE(hint_for_message("cannot read x: Too many open files").find("ulimit -n"), std::string::npos);
    EXPECT_NE(hint_for_message("cannot make x: Read-only file system").find("XDG_CACHE_HOME"),
              std::string::npos);
    EXPECT_NE(hint_for_message("qemu: could not load PC BIOS 'bios-256k.bin'").find("seabios"),
              std::string::npos);
    EXPECT_EQ(hint_for_message("libvirt finds no QEMU", install), install);
}

}  // namespace
}  // namespace lktest
