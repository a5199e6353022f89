// SPDX-License-Identifier: MIT
// lktest-box: started by libvirt in place of QEMU, see settings.hpp. It becomes three processes:
//
//   box    libvirt's child; forwards SIGTERM, receives QEMU's messages, and ends in the same way as QEMU
//   init   process 1 of QEMU's PID namespace; ends with the box, which ends everything inside
//   QEMU
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "harness/box/filter.hpp"
#include "harness/box/settings.hpp"
#include "harness/box/view.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t log_limit = 4 << 20;
constexpr int broken = 126;

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::generic_category().message(errno));
}

BoxSettings read_settings(const char* file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    auto settings = read_box_text(text);
    if (!settings)
        throw std::runtime_error(std::string("cannot understand ") + file);
    return std::move(*settings);
}

/// libvirt creates some of the files that QEMU opens: the file with its key, a TPM's socket. Gives them to
/// this guest.
void take_over_state(BoxSettings& settings, char** arguments) {
    for (char** argument = arguments; *argument; ++argument)
        for (const std::string& path : paths_below(settings.state, *argument)) {
            struct stat facts {};
            if (::lstat(path.c_str(), &facts) < 0 || !(S_ISREG(facts.st_mode) || S_ISSOCK(facts.st_mode)))
                continue;
            if (::lchown(path.c_str(), settings.uid, settings.gid) < 0)
                fail("cannot give " + path + " to its guest");
            settings.owned.push_back(path);
        }
}

void drop_capabilities() {
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
    if (::syscall(SYS_capset, &header, none.data()) < 0)
        fail("cannot drop the capabilities");
}

void become_user(const BoxSettings& settings) {
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability)
        ::prctl(PR_CAPBSET_DROP, capability);  // fails where there are none to drop
    if (settings.uid != ::geteuid()) {
        if (::setgroups(settings.groups.size(), settings.groups.data()) < 0)
            fail("cannot leave root's groups");
        if (::setresgid(settings.gid, settings.gid, settings.gid) < 0 ||
            ::setresuid(settings.uid, settings.uid, settings.uid) < 0)
            fail("cannot become the guest's user");
    }
    drop_capabilities();
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        fail("cannot forbid new privileges");
}

[[noreturn]] void become_qemu(const BoxSettings& settings, char** arguments) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    sigset_t nothing;
    ::sigemptyset(&nothing);
    ::sigprocmask(SIG_SETMASK, &nothing, nullptr);
    if (!install(box_filter(::getpid())))
        fail("cannot install the filter of system calls");
    ::execv(settings.program.c_str(), arguments);
    fail("cannot start " + settings.program);
}

/// Signals that box and init wait for.
sigset_t awaited() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP})
        ::sigaddset(&set, signal);
    return set;
}

int exit_status(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Ends as QEMU ended, by the same signal if there was one, so that the box's parent sees how QEMU ended.
/// Process 1 of a PID namespace cannot do that, and uses its exit status.
[[noreturn]] void end_like(int status) {
    if (const int signal = status - 128; signal > 0 && signal < NSIG) {
        const rlimit none{0, 0};
        ::setrlimit(RLIMIT_CORE, &none);
        ::signal(signal, SIG_DFL);
        sigset_t nothing;
        ::sigemptyset(&nothing);
        ::sigprocmask(SIG_SETMASK, &nothing, nullptr);
        ::kill(::getpid(), signal);
    }
    ::_exit(status);
}

/// Forwards signals to a child until it ends.
[[noreturn]] void accompany(pid_t child) {
    const sigset_t set = awaited();
    for (;;) {
        siginfo_t info{};
        if (::sigwaitinfo(&set, &info) < 0)
            continue;
        if (info.si_signo != SIGCHLD)
            ::kill(child, info.si_signo);
        int status = 0;
        for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;)
            if (ended == child)
                ::_exit(exit_status(status));
    }
}

/// Closes all descriptors from `first` on.
void close_from(int first) {
    if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, 0U) == 0)
        return;
    constexpr int most = 4096;  // an older kernel does not have the call
    for (int fd = first; fd < most; ++fd)
        ::close(fd);
}

/// Whether the other end of the pipe was closed.
bool is_broken(int pipe) {
    pollfd end{pipe, POLLIN, 0};
    return ::poll(&end, 1, 0) != 0;
}

[[noreturn]] void be_init(const BoxSettings& settings, char** arguments, int alive) {
    enter_view(settings);
    become_user(settings);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (is_broken(alive))  // the box died before the line above
        ::_exit(broken);
    const pid_t qemu = ::fork();
    if (qemu < 0)
        fail("cannot start QEMU");
    if (qemu == 0) {
        ::close(alive);
        become_qemu(settings, arguments);
    }
    close_from(0);
    accompany(qemu);
}

/// Copies QEMU's output to libvirt's log, up to a limit.
class Log {
public:
    Log(int from, int to) : from_(from), to_(to) {}

    /// @return false when QEMU has closed its end
    bool copy() {
        std::array<char, 4096> text;
        const ssize_t size = ::read(from_, text.data(), text.size());
        if (size < 0)
            return errno == EINTR || errno == EAGAIN;
        const auto got = static_cast<std::size_t>(size);
        if (copied_ < log_limit)
            put(text.data(), got);
        if (copied_ < log_limit && copied_ + got >= log_limit) {
            constexpr std::string_view more =
                "\n[lktest: the limit is reached; later output of QEMU is not recorded]\n";
            put(more.data(), more.size());
        }
        copied_ += got;
        return size > 0;
    }

private:
    void put(const char* text, std::size_t size) const {
        [[maybe_unused]] const ssize_t written = ::write(to_, text, size);
    }
    int from_, to_;
    std::size_t copied_ = 0;
};

/// Runs as the process that libvirt knows. Its descriptors are those below.
[[noreturn]] void be_box(const BoxSettings& settings, pid_t init, int log_from, int log_to, int alive) {
    // In this order, so that nothing else stays open: libvirt waits until QEMU's end of the monitor closes.
    constexpr int from = 0, to = 1, kept_alive = 2, signals = 3;
    const std::array own{::fcntl(log_from, F_DUPFD, 8), ::fcntl(log_to, F_DUPFD, 8),
                         ::fcntl(alive, F_DUPFD, 8)};
    ::dup2(own[0], from);
    ::dup2(own[1], to);
    ::dup2(own[2], kept_alive);
    close_from(signals);
    const sigset_t set = awaited();
    if (::signalfd(-1, &set, 0) != signals)
        fail("cannot wait for signals");
    become_user(settings);
    Log log(from, to);
    std::array<pollfd, 2> events{pollfd{signals, POLLIN, 0}, pollfd{from, POLLIN, 0}};
    for (;;) {
        ::poll(events.data(), events.size(), -1);
        if (events[1].revents != 0 && !log.copy())
            events[1].fd = -1;
        signalfd_siginfo info{};
        if (events[0].revents == 0 || ::read(signals, &info, sizeof info) != sizeof info)
            continue;
        if (info.ssi_signo != SIGCHLD)
            ::kill(init, static_cast<int>(info.ssi_signo));
        int status = 0;
        if (::waitpid(init, &status, WNOHANG) != init)
            continue;
        while (events[1].fd >= 0 && ::poll(&events[1], 1, 0) > 0)  // its last output
            if (!log.copy())
                events[1].fd = -1;
        end_like(exit_status(status));
    }
}

/// The program's real path: the target of the link next to the name that we were started by.
std::string real_program(const char* started_as) {
    return fs::read_symlink(fs::path(started_as).parent_path() / box_program_link).string();
}

void run(char** arguments) {
    const char* file = std::getenv(box_variable);
    if (!file) {
        // libvirt only asks for QEMU's capabilities: there is no guest, so nothing is hostile.
        const std::string program = real_program(arguments[0]);
        ::execv(program.c_str(), arguments);
        fail("cannot start " + program);
    }
    BoxSettings settings = read_settings(file);
    ::unsetenv(box_variable);
    arguments[0] = settings.program.data();
    if (!settings.namespaces) {
        become_user(settings);
        become_qemu(settings, arguments);
    }
    take_over_state(settings, arguments);
    constexpr int namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
    if (::unshare(namespaces) < 0)
        fail("cannot make namespaces for a guest");
    std::array<int, 2> log{}, alive{};
    if (::pipe2(log.data(), O_CLOEXEC) < 0 || ::pipe2(alive.data(), O_CLOEXEC) < 0)
        fail("cannot make a pipe");
    const sigset_t set = awaited();
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGCHLD, SIG_DFL);
    const int libvirts_log = ::fcntl(2, F_DUPFD_CLOEXEC, 3);
    const pid_t init = ::fork();
    if (init < 0)
        fail("cannot make a process of a guest's own");
    if (init > 0)
        be_box(settings, init, log[0], libvirts_log, alive[1]);
    ::close(alive[1]);
    ::close(log[0]);
    ::close(libvirts_log);
    ::dup2(log[1], 1);
    ::dup2(log[1], 2);
    be_init(settings, arguments, alive[0]);
}

}  // namespace
}  // namespace lktest

int main(int count, char** arguments) {
    if (count < 1)
        return lktest::broken;
    try {
        lktest::run(arguments);
    } catch (const std::exception& fault) {
        std::fprintf(stderr, "lktest-box: %s\n", fault.what());
    }
    return lktest::broken;
}
