// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "harness/box/filter.hpp"
#include "harness/box/settings.hpp"

namespace lktest {
namespace {

constexpr pid_t self = 2;

#if defined(__x86_64__)
constexpr std::uint32_t here = AUDIT_ARCH_X86_64, elsewhere = AUDIT_ARCH_I386;
#else
constexpr std::uint32_t here = AUDIT_ARCH_AARCH64, elsewhere = AUDIT_ARCH_ARM;
#endif

/// The filter's answer to a system call, found by interpreting the filter as the kernel does.
std::uint32_t answer(long number, std::array<std::uint64_t, 6> arguments = {},
                     std::uint32_t architecture = here) {
    seccomp_data data{};
    data.nr = static_cast<int>(number);
    data.arch = architecture;
    std::memcpy(data.args, arguments.data(), sizeof data.args);
    const std::vector<sock_filter> program = box_filter(self);
    std::uint32_t word = 0;
    for (std::size_t at = 0; at < program.size(); ++at) {
        const sock_filter& step = program[at];
        bool yes = false;
        switch (step.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                std::memcpy(&word, reinterpret_cast<const char*>(&data) + step.k, sizeof word);
                continue;
            case BPF_RET | BPF_K: return step.k;
            case BPF_JMP | BPF_JEQ | BPF_K: yes = word == step.k; break;
            case BPF_JMP | BPF_JSET | BPF_K: yes = (word & step.k) != 0; break;
            default: ADD_FAILURE() << "unknown instruction: " << step.code; return 0;
        }
        at += yes ? step.jt : step.jf;
    }
    ADD_FAILURE() << "the filter has no end";
    return 0;
}

constexpr std::uint32_t no = SECCOMP_RET_ERRNO | EPERM, unknown = SECCOMP_RET_ERRNO | ENOSYS;

TEST(BoxFilter, AllowsWhatQemuLivesOn) {
    for (const long call :
         {__NR_read, __NR_write, __NR_openat, __NR_mmap, __NR_memfd_create, __NR_ftruncate, __NR_futex,
          __NR_ppoll, __NR_socket, __NR_recvmsg, __NR_ioctl, __NR_execve, __NR_exit_group})
        EXPECT_EQ(answer(call), SECCOMP_RET_ALLOW) << call;
}

TEST(BoxFilter, ForbidsTheWaysIntoOtherProcessesAndTheKernel) {
    for (const long call : {__NR_ptrace,
                            __NR_process_vm_readv,
                            __NR_process_vm_writev,
                            __NR_pidfd_open,
                            438 /* pidfd_getfd */,
                            __NR_pidfd_send_signal,
                            __NR_bpf,
                            __NR_userfaultfd,
                            __NR_perf_event_open,
                            __NR_open_by_handle_at,
                            __NR_io_uring_enter,
                            __NR_io_uring_register,
                            __NR_keyctl,
                            __NR_unshare,
                            __NR_setns,
                            __NR_mount,
                            __NR_chroot,
                            __NR_pivot_root,
                            __NR_setresuid,
                            __NR_init_module,
                            __NR_kcmp,
                            __NR_tkill})
        EXPECT_EQ(answer(call), no) << call;
    EXPECT_EQ(answer(__NR_io_uring_setup), unknown);
    EXPECT_EQ(answer(__NR_clone3), unknown);
    EXPECT_EQ(answer(__NR_read, {}, elsewhere), SECCOMP_RET_KILL_PROCESS);
}

TEST(BoxFilter, AllowsSignalsToItselfAlone) {
    for (const long call : {__NR_kill, __NR_tgkill}) {
        EXPECT_EQ(answer(call, {self, 5}), SECCOMP_RET_ALLOW) << call;
        for (const std::uint64_t other : {0ULL, 1ULL, 3ULL, 0xffffffffULL})
            EXPECT_EQ(answer(call, {other, 9}), no) << call << " of " << other;
    }
}

TEST(BoxFilter, AllowsThreadsAndNoProcessesOrNamespaces) {
    constexpr std::uint64_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                                     CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |
                                     CLONE_CHILD_CLEARTID;
    EXPECT_EQ(answer(__NR_clone, {thread}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(answer(__NR_clone, {17}), no);
    for (const std::uint64_t flag : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET})
        EXPECT_EQ(answer(__NR_clone, {thread | flag}), no) << flag;
#if defined(__x86_64__)
    EXPECT_EQ(answer(__NR_fork), no);
    EXPECT_EQ(answer(__NR_vfork), no);
    EXPECT_EQ(answer(0x40000000L | __NR_read), SECCOMP_RET_KILL_PROCESS);
#endif
}

TEST(BoxSettings, ComeBackAsTheyWere) {
    const BoxSettings settings{.program = "/usr/bin/qemu",
                               .sealed = "/p/sealed",
                               .uid = 200705,
                               .gid = 200706,
                               .groups = {107, 108},
                               .namespaces = false,
                               .root = "/p/root",
                               .shown = {"/a file", "/b"},
                               .owned = {"/p/cell"},
                               .devices = {"kvm"},
                               .state = "/p/e"};
    const auto again = read_box_text(box_text(settings));
    ASSERT_TRUE(again);
    EXPECT_EQ(box_text(*again), box_text(settings));
    EXPECT_EQ(again->shown, settings.shown);
    EXPECT_EQ(again->uid, settings.uid);
    EXPECT_EQ(again->groups, settings.groups);
    EXPECT_FALSE(again->namespaces);
}

TEST(BoxSettings, WhatIsNotUnderstoodIsNoBox) {
    const std::string good = box_text({.program = "/q"});
    EXPECT_TRUE(read_box_text(good));
    for (const std::string& text :
         {std::string(), std::string("uid 1\n"), good + "uid -1\n", good + "uid 4294967295\n", good + "uid\n",
          good + "colour red\n", good + "namespaces maybe\n", good.substr(0, good.size() - 1)})
        EXPECT_FALSE(read_box_text(text)) << text;
}

TEST(BoxSettings, PathsInArgumentsAreFoundWhateverTheirSyntax) {
    using Paths = std::vector<std::string>;
    EXPECT_EQ(paths_below("/v/e", R"({"qom-type":"secret","file":"/v/e/lib/domain-1/key.aes","x":"/v/e/y"})"),
              (Paths{"/v/e/lib/domain-1/key.aes", "/v/e/y"}));
    EXPECT_EQ(paths_below("/v/e", "socket,id=tpm,path=/v/e/run/swtpm.sock,server=off"),
              Paths{"/v/e/run/swtpm.sock"});
    EXPECT_EQ(paths_below("/v/e", "/v/eve/x"), Paths{});
    EXPECT_EQ(paths_below("/v/e", "file=/v/e/../../etc/shadow"), Paths{});
    EXPECT_EQ(paths_below("/v/e", "file=/v/e/.."), Paths{});
    EXPECT_EQ(paths_below("", "/etc/shadow"), Paths{});
}

}  // namespace
}  // namespace lktest
