// SPDX-License-Identifier: MIT
#include "harness/box/filter.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

// Newer than some of the headers that this is built with; the numbers are the same on all architectures.
#ifndef __NR_pidfd_getfd
#define __NR_pidfd_getfd 438
#endif
#ifndef __NR_process_madvise
#define __NR_process_madvise 440
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif
#ifndef __NR_process_mrelease
#define __NR_process_mrelease 448
#endif

namespace lktest {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_AARCH64;
#else
#error "which architecture is this? see linux/audit.h"
#endif

constexpr std::array denied {
    // Other processes, and signals to them.
    __NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev, __NR_pidfd_open, __NR_pidfd_getfd,
        __NR_pidfd_send_signal, __NR_process_madvise, __NR_process_mrelease, __NR_kcmp, __NR_tkill,
        __NR_rt_sigqueueinfo, __NR_rt_tgsigqueueinfo, __NR_setpriority, __NR_sched_setscheduler,
        __NR_migrate_pages, __NR_move_pages,
        // Parts of the kernel with a history of vulnerabilities.
        __NR_io_uring_enter, __NR_io_uring_register, __NR_bpf, __NR_userfaultfd, __NR_perf_event_open,
        __NR_keyctl, __NR_add_key, __NR_request_key, __NR_name_to_handle_at, __NR_open_by_handle_at,
        __NR_fanotify_init, __NR_vmsplice,
        // Namespaces, mounts, users.
        __NR_unshare, __NR_setns, __NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_fsopen,
        __NR_fsconfig, __NR_fsmount, __NR_fspick, __NR_open_tree, __NR_move_mount, __NR_mount_setattr,
        __NR_setuid, __NR_setgid, __NR_setreuid, __NR_setregid, __NR_setresuid, __NR_setresgid,
        __NR_setgroups, __NR_setfsuid, __NR_setfsgid, __NR_capset, __NR_personality, __NR_mknodat,
        // The machine.
        __NR_init_module, __NR_finit_module, __NR_delete_module, __NR_kexec_load, __NR_reboot, __NR_swapon,
        __NR_swapoff, __NR_acct, __NR_quotactl, __NR_syslog, __NR_settimeofday, __NR_clock_settime,
        __NR_clock_adjtime, __NR_adjtimex, __NR_sethostname, __NR_setdomainname, __NR_vhangup,
        // System V's shared memory and messages: QEMU's RAM is a file of memory.
        __NR_shmget, __NR_msgget, __NR_semget,
#if defined(__x86_64__)
        __NR_fork, __NR_vfork, __NR_iopl, __NR_ioperm, __NR_modify_ldt, __NR_mknod, __NR_uselib, __NR_ustat,
        __NR_sysfs, __NR_kexec_file_load,
#endif
};

// The C library and QEMU fall back to other calls if the kernel does not have these. The arguments of clone3
// do not show whether a call creates a process or only a thread.
constexpr std::array unknown{__NR_clone3, __NR_io_uring_setup};

constexpr std::uint32_t refuse(int error) {
    return SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA);
}

constexpr std::uint32_t namespace_flags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                          CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE;

class Program {
public:
    void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
    void load_argument(unsigned number, bool upper = false) {
        static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
        load(offsetof(seccomp_data, args) + std::size_t{number} * 8 + (upper ? 4 : 0));
    }
    void answer(std::uint32_t what) { add(BPF_RET | BPF_K, what); }
    /// Returns `what` if the loaded word equals `value`.
    void answer_if(std::uint32_t value, std::uint32_t what) {
        jump(BPF_JEQ, value, 0, 1);
        answer(what);
    }
    void answer_unless(std::uint32_t value, std::uint32_t what) {
        jump(BPF_JEQ, value, 1, 0);
        answer(what);
    }
    void answer_if_any(std::uint32_t bits, std::uint32_t what) {
        jump(BPF_JSET, bits, 0, 1);
        answer(what);
    }
    void answer_unless_any(std::uint32_t bits, std::uint32_t what) {
        jump(BPF_JSET, bits, 1, 0);
        answer(what);
    }
    /// Skips what `body` adds unless the loaded word is `number`.
    template <typename Body>
    void for_call(std::uint32_t number, Body body) {
        const std::size_t jump_at = code_.size();
        jump(BPF_JEQ, number, 0, 0);
        body();
        code_[jump_at].jf = static_cast<std::uint8_t>(code_.size() - jump_at - 1);
    }
    std::vector<sock_filter> take() { return std::move(code_); }

private:
    void add(int code, std::uint32_t k) { code_.push_back({static_cast<std::uint16_t>(code), 0, 0, k}); }
    void jump(int kind, std::uint32_t k, std::uint8_t yes, std::uint8_t no) {
        code_.push_back({static_cast<std::uint16_t>(BPF_JMP | kind | BPF_K), yes, no, k});
    }
    std::vector<sock_filter> code_;
};

}  // namespace

std::vector<sock_filter> box_filter(pid_t self) {
    Program program;
    program.load(offsetof(seccomp_data, arch));
    program.answer_unless(own_architecture, SECCOMP_RET_KILL_PROCESS);
    program.load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
    // The same calls under the other set of numbers (x32).
    program.answer_if_any(0x40000000, SECCOMP_RET_KILL_PROCESS);
#endif
    for (const int call : denied)
        program.answer_if(static_cast<std::uint32_t>(call), refuse(EPERM));
    for (const int call : unknown)
        program.answer_if(static_cast<std::uint32_t>(call), refuse(ENOSYS));
    for (const int call : {__NR_kill, __NR_tgkill})
        program.for_call(static_cast<std::uint32_t>(call), [&] {
            program.load_argument(0);
            program.answer_unless(static_cast<std::uint32_t>(self), refuse(EPERM));
            program.answer(SECCOMP_RET_ALLOW);
        });
    program.for_call(__NR_clone, [&] {
        program.load_argument(0);
        program.answer_if_any(namespace_flags, refuse(EPERM));
        program.answer_unless_any(CLONE_THREAD, refuse(EPERM));
        program.answer(SECCOMP_RET_ALLOW);
    });
    program.answer(SECCOMP_RET_ALLOW);
    return program.take();
}

bool install(const std::vector<sock_filter>& filter) {
    const sock_fprog program{static_cast<unsigned short>(filter.size()),
                             const_cast<sock_filter*>(filter.data())};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace lktest
