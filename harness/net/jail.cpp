// SPDX-License-Identifier: MIT
#include "harness/net/jail.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "builder/base/file.hpp"
#include "builder/base/pipe.hpp"
#include "harness/net/jail_setup.hpp"
#include "harness/net/netns.hpp"
#include "harness/net/tap.hpp"

namespace lktest {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::array relayed{SIGINT, SIGTERM, SIGHUP};
/// From outer to init: a signal arrived, whose number is the value of this one.
const int relay = SIGRTMIN;

/// Blocks the signals that outer and init wait for. The destructor discards those still pending and restores
/// the previous state.
class BlockedSignals {
public:
    BlockedSignals() {
        ::sigemptyset(&set_);
        ::sigaddset(&set_, SIGCHLD);
        ::sigaddset(&set_, relay);
        for (const int signal : relayed)
            ::sigaddset(&set_, signal);
        ::sigprocmask(SIG_BLOCK, &set_, &before_);
        // If inherited as ignored, it would discard the children's status.
        ::sigaction(SIGCHLD, nullptr, &child_before_);
        ::signal(SIGCHLD, SIG_DFL);
    }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;
    ~BlockedSignals() {
        const timespec at_once{};
        while (::sigtimedwait(&set_, nullptr, &at_once) > 0) {
        }
        restore();
    }

    void restore() const {
        ::sigaction(SIGCHLD, &child_before_, nullptr);
        ::sigprocmask(SIG_SETMASK, &before_, nullptr);
    }

    siginfo_t wait() const {
        siginfo_t info{};
        while (::sigwaitinfo(&set_, &info) < 0) {
        }
        return info;
    }

private:
    sigset_t set_{}, before_{};
    struct sigaction child_before_ {};
};

int exit_status(int wait_status) {
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/// Carries an Error from a child to the outer process.
struct Report {
    enum class From : char { setup = 'S', work = 'W' };

    static void send(int fd, From from, const Error& error) {
        std::string bytes{static_cast<char>(from), error.kind() == Error::Kind::usage ? 'u' : 'h'};
        bytes += std::string(error.what()).substr(0, 32768) + '\0' + error.hint().substr(0, 16384);
        // Smaller than a pipe's capacity, so it never waits for a reader.
        [[maybe_unused]] const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    }

    /// Reads the report after all writers have closed.
    static std::optional<std::pair<From, Error>> receive(int fd) {
        std::string bytes(65536, '\0');
        const ssize_t size = ::read(fd, bytes.data(), bytes.size());
        if (size < 3)
            return std::nullopt;
        bytes.resize(static_cast<std::size_t>(size));
        const std::size_t end = bytes.find('\0');
        const auto kind = bytes[1] == 'u' ? Error::Kind::usage : Error::Kind::host;
        return std::pair{static_cast<From>(bytes[0]),
                         Error(kind, bytes.substr(2, end - 2), bytes.substr(end + 1))};
    }
};

[[noreturn]] void work_and_exit(const std::function<int(const Jail&)>& work, const Jail& jail, int report) {
    int status = static_cast<int>(ExitCode::host);
    try {
        status = work(jail);
    } catch (const Error& error) {
        Report::send(report, Report::From::work, error);
    } catch (const std::exception& error) {
        Report::send(report, Report::From::work, host_error(error.what()));
    }
    std::cout.flush();
    std::fflush(nullptr);
    ::_exit(status);
}

/// Process 1: relays signals to the worker and reaps every orphan, until the worker ends.
class Init {
public:
    Init(pid_t worker, const BlockedSignals& signals, const Deaths& deaths)
        : worker_(worker), signals_(signals), deaths_(deaths) {}

    [[noreturn]] void run() {
        for (;;) {
            const siginfo_t info = signals_.wait();
            if (info.si_signo == SIGCHLD)
                reap();
            else if (info.si_signo == relay)
                relay_to_worker(info.si_value.sival_int);
            else
                met_[info.si_signo] = Clock::now();
        }
    }

private:
    void reap() const {
        int status = 0;
        for (pid_t child = 0; (child = ::waitpid(-1, &status, WNOHANG)) > 0;) {
            if (child == worker_)
                ::_exit(exit_status(status));
            if (WIFSIGNALED(status))
                deaths_.note(child, WTERMSIG(status));
        }
    }

    /// A signal that also reached this process went to the whole process group, which includes the worker. It
    /// may arrive shortly before or after the outer's message.
    void relay_to_worker(int signal) {
        constexpr auto before = std::chrono::seconds(1);
        constexpr timespec after{0, 50'000'000};
        sigset_t only{};
        ::sigemptyset(&only);
        ::sigaddset(&only, signal);
        const auto met = met_.find(signal);
        const bool whole_group = (met != met_.end() && Clock::now() - met->second < before) ||
                                 ::sigtimedwait(&only, nullptr, &after) == signal;
        if (!whole_group)
            ::kill(worker_, signal);
    }

    pid_t worker_;
    const BlockedSignals& signals_;
    const Deaths& deaths_;
    std::map<int, Clock::time_point> met_;
};

/// Runs as the first process of the jail.
/// @param alive  the reading end of a pipe whose writing end only the outer process has
[[noreturn]] void be_init(const JailOptions& options, const std::function<int(const Jail&)>& work,
                          const JailUser& user, const BlockedSignals& signals, int alive, int report) {
    try {
        if (user.uid != 0)
            keep_user(user);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        pollfd outer{alive, POLLIN, 0};
        if (::poll(&outer, 1, 0) != 0)  // it died before the line above
            ::_exit(128 + SIGKILL);
        const Jail jail{.private_dir = mount_jail(user.uid == 0), .deaths = std::make_shared<Deaths>()};
        if (options.own_network)
            loopback_up();
        const pid_t worker = ::fork();
        if (worker < 0)
            throw system_error("cannot start the worker process", errno);
        if (worker == 0) {
            signals.restore();
            work_and_exit(work, jail, report);
        }
        Init(worker, signals, *jail.deaths).run();
    } catch (const Error& error) {
        Report::send(report, Report::From::setup, error);
    } catch (const std::exception& error) {
        Report::send(report, Report::From::setup, host_error(error.what()));
    }
    ::_exit(static_cast<int>(ExitCode::host));
}

/// fork(2) into new namespaces.
pid_t fork_into(unsigned long namespaces) {
    // Otherwise both processes would have a copy of the unwritten output.
    std::cout.flush();
    std::fflush(nullptr);
    return static_cast<pid_t>(::syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0));
}

Error no_namespaces(int error, bool root) {
    if (error == ENOSPC)  // which is not about disks here
        return host_error(
            "cannot create namespaces, because their number is limited",
            "raise the limits (sysctl user.max_user_namespaces, user.max_net_namespaces and so on)");
    return system_error(
        "cannot create namespaces", error,
        root ? "run lktest with CAP_SYS_ADMIN (docker: --privileged), or use --network user"
             : "run lktest as root, allow unprivileged user namespaces (sysctl user.max_user_namespaces, "
               "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns), or use "
               "--network user");
}

/// Waits for init, relaying signals to it.
int wait_for(pid_t init, const BlockedSignals& signals) {
    for (;;) {
        const siginfo_t info = signals.wait();
        int status = 0;
        if (info.si_signo != SIGCHLD)
            ::sigqueue(init, relay, sigval{.sival_int = info.si_signo});
        else if (::waitpid(init, &status, WNOHANG) == init)
            return exit_status(status);
    }
}

/// @return the work's status, or why no jail could be created
std::variant<int, Error> try_jail(const JailOptions& options, const std::function<int(const Jail&)>& work) {
    const JailUser user{::geteuid(), ::getegid()};
    unsigned long namespaces = CLONE_NEWPID | CLONE_NEWNS;
    if (user.uid != 0)
        namespaces |= CLONE_NEWUSER;
    if (options.own_network)
        namespaces |= CLONE_NEWNET;

    Pipe alive = make_pipe(), report = make_pipe();
    const BlockedSignals signals;
    const pid_t init = fork_into(namespaces);
    if (init < 0)
        return no_namespaces(errno, user.uid == 0);
    if (init == 0) {
        alive.write.reset();
        be_init(options, work, user, signals, alive.read.get(), report.write.get());
    }
    report.write.reset();
    const int status = wait_for(init, signals);
    if (auto said = Report::receive(report.read.get())) {
        if (said->first == Report::From::setup)
            return said->second;
        throw Error(said->second);
    }
    return status;
}

}  // namespace

int run_in_jail(const JailOptions& options, const std::function<int(const Jail&)>& work) {
    const auto result = try_jail(options, work);
    if (const int* status = std::get_if<int>(&result))
        return *status;
    const Error& error = std::get<Error>(result);
    if (options.required)
        throw Error(error);
    if (options.why)
        options.why(fmt::format("no jail: {}; QEMU may survive a kill -9 of lktest", error.what()));
    const TempDir directory;
    return work(Jail{.private_dir = directory.path(), .own_mounts = false});
}

std::optional<Error> why_no_tap() {
    try {
        run_in_jail({}, [](const Jail&) {
            const Netns netns;
            make_tap(netns);
            return 0;
        });
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

}  // namespace lktest
