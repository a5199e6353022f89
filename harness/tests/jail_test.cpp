// SPDX-License-Identifier: MIT
// The jail, with real processes that are killed.
#include "harness/net/jail.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "builder/base/file.hpp"
#include "builder/base/pipe.hpp"
#include "builder/base/process.hpp"
#include "harness/net/cell_network.hpp"
#include "harness/net/netns.hpp"
#include "harness/net/ping.hpp"
#include "harness/net/tap.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

using Work = std::function<int(const Jail&)>;

/// /proc/PID/stat after the name: state, parent, group, session, …
std::vector<std::string> stat_of(const std::string& pid) {
    std::ifstream file("/proc/" + pid + "/stat");
    std::string text;
    std::getline(file, text);
    std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
    return {std::istream_iterator<std::string>(fields), {}};
}

/// All processes for which `is_meant` holds, without zombies.
std::vector<pid_t> processes(const std::function<bool(const fs::path& proc)>& is_meant) {
    std::vector<pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string pid = entry.path().filename();
        const auto fields =
            pid.find_first_not_of("0123456789") == pid.npos ? stat_of(pid) : std::vector<std::string>{};
        if (fields.size() > 4 && fields[0] != "Z" && is_meant(entry.path()))
            found.push_back(std::stoi(pid));
    }
    return found;
}

std::vector<pid_t> inside(const char* kind, const std::string& inode) {
    return processes([&](const fs::path& proc) {
        std::error_code ignored;
        return fs::read_symlink(proc / "ns" / kind, ignored) == inode;
    });
}

std::vector<pid_t> children_of(pid_t parent) {
    return processes([&](const fs::path& proc) {
        const auto fields = stat_of(proc.filename());
        return fields.size() > 1 && fields[1] == std::to_string(parent);
    });
}

bool soon(const std::function<bool()>& holds) {
    for (int tries = 0; tries < 600; ++tries, std::this_thread::sleep_for(50ms))
        if (holds())
            return true;
    return holds();
}

/// An outer process: a fork of this one, in a new session, that runs work in a jail and exits with its
/// status, or with 99 after an Error.
class Outer {
public:
    explicit Outer(const Work& work, const JailOptions& options = {}) : said_(make_pipe()) {
        pid_ = ::fork();
        if (pid_ != 0) {
            said_.write.reset();
            return;
        }
        ::setsid();
        int status = 99;
        try {
            status = run_in_jail(options, work);
        } catch (const Error& error) {
            say(fmt::format("{}: {} ({})", error.kind() == Error::Kind::usage ? "usage" : "host",
                            error.what(), error.hint()));
        }
        ::_exit(status);
    }
    Outer(const Outer&) = delete;
    Outer& operator=(const Outer&) = delete;
    ~Outer() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    pid_t pid() const { return pid_; }
    pid_t init() const { return children_of(pid_).at(0); }
    pid_t worker() const { return children_of(init()).at(0); }

    /// For the work: sends one line to the test.
    void say(const std::string& line) const {
        const std::string text = line + "\n";
        EXPECT_EQ(::write(said_.write.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }

    /// The next line that the work sent; "" if it ended without one.
    std::string hear() const {
        std::string line;
        for (char letter = 0; ::read(said_.read.get(), &letter, 1) == 1 && letter != '\n';)
            line += letter;
        return line;
    }

    int status() {
        int status = 0;
        ::waitpid(std::exchange(pid_, 0), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

private:
    Pipe said_;
    pid_t pid_ = 0;
};

class InJail : public testing::Test {
protected:
    void SetUp() override {
        try {
            run_in_jail({}, [](const Jail&) { return 0; });
        } catch (const Error& error) {
            GTEST_SKIP() << error.what() << "; " << error.hint();
        }
    }
};

std::string own(const char* kind) {
    return fs::read_symlink(fs::path("/proc/self/ns") / kind);
}

TEST_F(InJail, TheWorksStatusIsPassedOn) {
    for (const int status : {0, 1, 7, 255})
        EXPECT_EQ(run_in_jail({}, [&](const Jail&) { return status; }), status);
}

TEST_F(InJail, ACrashOfTheWorkIs128PlusTheSignal) {
    for (const int signal : {SIGKILL, SIGABRT, SIGTERM})
        EXPECT_EQ(run_in_jail({},
                              [&](const Jail&) {
                                  ::raise(signal);
                                  return 0;
                              }),
                  128 + signal);
}

TEST_F(InJail, AnErrorOfTheWorkComesOutWhole) {
    try {
        run_in_jail({}, [](const Jail&) -> int { throw usage_error("no such thing", "name another"); });
        ADD_FAILURE() << "returned";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
        EXPECT_STREQ(error.what(), "no such thing");
        EXPECT_EQ(error.hint(), "name another");
    }
    EXPECT_THROW(run_in_jail({}, [](const Jail&) -> int { throw std::runtime_error("x"); }), Error);
}

TEST_F(InJail, TheWorkerSeesOnlyTheJailsProcessesAndLoopback) {
    const std::string outside = own("net");
    const int status = run_in_jail({}, [&](const Jail&) {
        EXPECT_EQ(::getpid(), 2);
        EXPECT_NE(own("net"), outside);
        EXPECT_EQ(processes([](const fs::path&) { return true; }), (std::vector<pid_t>{1, 2}));
        EXPECT_THAT(check_process({"ip", "-o", "link", "show", "lo"}), HasSubstr("LOOPBACK,UP"));
        return testing::Test::HasFailure() ? 1 : 0;
    });
    EXPECT_EQ(status, 0);
}

TEST_F(InJail, TheHostsNetworkIsKeptWhenAsked) {
    JailOptions options;
    options.own_network = false;
    const std::string outside = own("net");
    EXPECT_EQ(run_in_jail(options, [&](const Jail&) { return own("net") == outside ? 0 : 1; }), 0);
}

TEST_F(InJail, ThePrivateDirectoryIsATmpfsThatNobodyElseSees) {
    const std::string mounts = read_file("/proc/self/mountinfo");
    Outer outer([&](const Jail& jail) {
        struct statfs status {};
        ::statfs(jail.private_dir.c_str(), &status);
        EXPECT_EQ(status.f_type, 0x01021994) << "TMPFS_MAGIC";
        EXPECT_TRUE(fs::is_empty(jail.private_dir));
        write_file(jail.private_dir / "seen-by-nobody-else", "x");
        outer.say(jail.private_dir);
        ::pause();
        return 0;
    });
    const fs::path private_dir = outer.hear();
    EXPECT_TRUE(private_dir.is_absolute());
    EXPECT_FALSE(fs::exists(private_dir / "seen-by-nobody-else"));
    EXPECT_EQ(read_file("/proc/self/mountinfo"), mounts);
}

TEST_F(InJail, WhatIsPrintedComesOutOnce) {
    testing::internal::CaptureStdout();
    std::printf("before, ");
    std::cout << "also before, ";
    run_in_jail({}, [](const Jail&) {
        std::printf("inside, ");
        std::cout << "also inside, ";
        return 0;
    });
    std::printf("after");
    std::cout << std::flush;
    std::fflush(stdout);
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "before, also before, inside, also inside, after");
}

enum class Victim { outer, init, worker };

class KilledJail : public InJail, public testing::WithParamInterface<Victim> {};

std::string victim_name(const testing::TestParamInfo<Victim>& info) {
    switch (info.param) {
        case Victim::outer: return "outer";
        case Victim::init: return "init";
        default: return "worker";
    }
}

INSTANTIATE_TEST_SUITE_P(Each, KilledJail, testing::Values(Victim::outer, Victim::init, Victim::worker),
                         victim_name);

/// Starts a program as libvirt starts QEMU: as an orphan in a new session.
void daemonise(const std::vector<const char*>& command) {
    if (::fork() == 0) {
        ::setsid();
        if (::fork() == 0) {
            std::vector<char*> argv;
            argv.reserve(command.size() + 1);
            for (const char* word : command)
                argv.push_back(const_cast<char*>(word));
            argv.push_back(nullptr);
            ::execvp(argv[0], argv.data());
        }
        ::_exit(0);
    }
    ::wait(nullptr);
}

TEST_P(KilledJail, LeavesNothing) {
    Outer outer([&](const Jail& jail) {
        daemonise({"sleep", "1000"});
        std::optional<Netns> cell;
        if (::access("/dev/net/tun", R_OK | W_OK) == 0) {
            cell.emplace();
            make_tap(*cell);
            cell->run([] { daemonise({"sleep", "1001"}); });
        }
        write_file(jail.private_dir / "seen-by-nobody-else", "x");
        outer.say(jail.private_dir);
        outer.say(own("pid"));
        outer.say(own("net"));
        outer.say(cell ? cell->run([] { return own("net"); }) : own("net"));
        ::pause();
        return 0;
    });
    const fs::path private_dir = outer.hear();
    const std::string pids = outer.hear(), net = outer.hear(), cell_net = outer.hear();
    const auto all = [&] {
        std::set<pid_t> found;
        for (const auto& some : {inside("pid", pids), inside("net", net), inside("net", cell_net)})
            found.insert(some.begin(), some.end());
        return found;
    };
    ASSERT_TRUE(soon([&] { return all().size() >= 3; })) << "init, worker and sleep run";

    switch (GetParam()) {
        case Victim::outer: ::kill(outer.pid(), SIGKILL); break;
        case Victim::init: ::kill(outer.init(), SIGKILL); break;
        case Victim::worker: ::kill(outer.worker(), SIGKILL); break;
    }
    EXPECT_EQ(outer.status(), 128 + SIGKILL);
    EXPECT_TRUE(soon([&] { return all().empty(); }));
    EXPECT_FALSE(fs::exists(private_dir / "seen-by-nobody-else"));
}

TEST_F(InJail, KilledAtAnyMomentOfItsSetUpItLeavesNothing) {
    for (int moment = 0; moment < 40; ++moment) {
        Outer outer([](const Jail&) {
            daemonise({"sleep", "1002"});
            return ::pause();
        });
        const pid_t session = outer.pid();
        std::this_thread::sleep_for(moment * 500us);
        ::kill(outer.pid(), SIGKILL);
        EXPECT_EQ(outer.status(), 128 + SIGKILL);
        EXPECT_TRUE(soon([&] {
            return processes([&](const fs::path& proc) {
                       const auto fields = stat_of(proc.filename());
                       return fields.size() > 3 && fields[3] == std::to_string(session);
                   })
                .empty();
        })) << moment;
    }
    EXPECT_TRUE(soon([] { return run_process({"pgrep", "-f", "^sleep 1002$"}).out.empty(); }));
}

TEST_F(InJail, ADaemonEndsWithTheWork) {
    std::string pids;
    {
        Outer outer([&](const Jail&) {
            daemonise({"sleep", "1003"});
            outer.say(own("pid"));
            return 5;
        });
        pids = outer.hear();
        EXPECT_EQ(outer.status(), 5);
    }
    EXPECT_TRUE(inside("pid", pids).empty());
}

/// Work that counts how often a signal arrives, and returns the number.
Work counting(const Outer& outer, int signal) {
    return [&outer, signal](const Jail&) {
        sigset_t set{};
        ::sigemptyset(&set);
        ::sigaddset(&set, signal);
        ::sigprocmask(SIG_BLOCK, &set, nullptr);
        outer.say("ready");
        int count = 0;
        constexpr timespec first{60, 0}, others{0, 700'000'000};
        while (::sigtimedwait(&set, nullptr, count == 0 ? &first : &others) == signal)
            ++count;
        return count;
    };
}

TEST_F(InJail, TheWorkLearnsWhichSignalKilledADaemon) {
    const int status = run_in_jail({}, [](const Jail& jail) {
        const Pipe process = make_pipe();
        if (::fork() == 0) {  // its child is orphaned at once, like QEMU
            const pid_t daemon = ::fork();
            if (daemon == 0)
                ::raise(SIGXFSZ);
            [[maybe_unused]] const ssize_t written = ::write(process.write.get(), &daemon, sizeof daemon);
            ::_exit(0);
        }
        pid_t daemon = 0;
        [[maybe_unused]] const ssize_t size = ::read(process.read.get(), &daemon, sizeof daemon);
        return jail.deaths->signal_of(daemon) == SIGXFSZ && !jail.deaths->signal_of(1) ? 0 : 1;
    });
    EXPECT_EQ(status, 0);
}

TEST_F(InJail, ASignalToTheOuterProcessAloneReachesTheWorkerOnce) {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        Outer outer([&](const Jail& jail) { return counting(outer, signal)(jail); });
        EXPECT_EQ(outer.hear(), "ready");
        ::kill(outer.pid(), signal);
        EXPECT_EQ(outer.status(), 1) << signal;
    }
}

TEST_F(InJail, ASignalToTheWholeGroupReachesTheWorkerOnce) {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        Outer outer([&](const Jail& jail) { return counting(outer, signal)(jail); });
        EXPECT_EQ(outer.hear(), "ready");
        ::kill(-outer.pid(), signal);
        EXPECT_EQ(outer.status(), 1) << signal;
    }
}

TEST_F(InJail, AWorkerThatDoesNotCatchASignalDiesOfItAndTheStatusSaysSo) {
    Outer outer([&](const Jail&) {
        outer.say("ready");
        return ::pause();
    });
    EXPECT_EQ(outer.hear(), "ready");
    ::kill(outer.pid(), SIGTERM);
    EXPECT_EQ(outer.status(), 128 + SIGTERM);
}

TEST_F(InJail, TheCallersSignalsAreAsBefore) {
    sigset_t before{}, after{};
    ::sigprocmask(SIG_BLOCK, nullptr, &before);
    run_in_jail({}, [](const Jail&) { return 0; });
    ::sigprocmask(SIG_BLOCK, nullptr, &after);
    for (int signal = 1; signal < NSIG; ++signal)
        EXPECT_EQ(::sigismember(&before, signal), ::sigismember(&after, signal)) << signal;
}

/// Runs `act` in a process of a user without privileges (nobody), whose /dev/net/tun has udev's mode 0666.
/// Returns its output.
std::string as_nobody(mode_t tun, const std::function<std::string()>& act) {
    Pipe said = make_pipe();
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr uid_t nobody = 65534;
        ::unshare(CLONE_NEWNS);
        ::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr);
        ::mount("tmpfs", "/dev/net", "tmpfs", 0, "mode=0755");
        ::mknod("/dev/net/tun", S_IFCHR, ::makedev(10, 200));
        ::chmod("/dev/net/tun", tun);
        ::setgroups(0, nullptr);
        if (::setresgid(nobody, nobody, nobody) != 0 || ::setresuid(nobody, nobody, nobody) != 0)
            ::_exit(1);
        ::prctl(PR_SET_DUMPABLE, 1);  // as after an exec by that user
        std::string answer;
        try {
            answer = act();
        } catch (const Error& error) {
            answer = fmt::format("{} ({})", error.what(), error.hint());
        }
        EXPECT_EQ(::write(said.write.get(), answer.data(), answer.size()),
                  static_cast<ssize_t>(answer.size()));
        ::_exit(0);
    }
    said.write.reset();
    std::string answer(65536, '\0');
    answer.resize(static_cast<std::size_t>(
        std::max<ssize_t>(0, ::read(said.read.get(), answer.data(), answer.size()))));
    ::waitpid(child, nullptr, 0);
    return answer;
}

class WithoutRoot : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0)
            GTEST_SKIP() << "only root can switch users; the other tests cover the same for a plain user";
        const std::string can =
            as_nobody(0666, [] { return std::to_string(run_in_jail({}, [](const Jail&) { return 0; })); });
        if (can != "0")
            GTEST_SKIP() << can;
    }
};

TEST_F(WithoutRoot, AJailKeepsTheUserAndHasATap) {
    EXPECT_EQ(as_nobody(0666, [] { return std::string(why_no_tap() ? "why" : "tap"); }), "tap");
    const auto work = [](const Jail& jail) {
        EXPECT_EQ(::getpid(), 2);
        EXPECT_EQ(::geteuid(), 65534u);
        write_file(jail.private_dir / "seen-by-nobody-else", "x");
        return HasFailure() ? 1 : 0;
    };
    EXPECT_EQ(as_nobody(0666, [&] { return std::to_string(run_in_jail({}, work)); }), "0");
}

TEST_F(WithoutRoot, ACellHasItsWholeNetwork) {
    const auto work = [](const Jail& jail) {
        ::setenv("PATH", "/usr/bin:/bin", 1);  // of a plain user: without dnsmasq
        boost::asio::io_context io{1};
        CellNetworkOptions options;
        options.log_file = jail.private_dir / "dhcp.log";
        CellNetwork network(io, options);
        const auto deadline = std::chrono::steady_clock::now() + 60s;
        const auto stop = [&](const std::exception_ptr& thrown) {
            io.stop();
            if (thrown)
                std::rethrow_exception(thrown);
        };
        boost::asio::co_spawn(io, network.ready(deadline), stop);
        io.run();
        const auto own_tap = boost::asio::ip::make_address_v4(host_address);
        bool answered = false;
        boost::asio::co_spawn(io, ping(network.netns(), own_tap, deadline),
                              [&](const std::exception_ptr& thrown, const auto& round_trip) {
                                  answered = round_trip.has_value();
                                  stop(thrown);
                              });
        io.restart();
        io.run();
        return answered ? 0 : 1;
    };
    EXPECT_EQ(as_nobody(0666, [&] { return std::to_string(run_in_jail({}, work)); }), "0");
}

TEST_F(WithoutRoot, AClosedTunDeviceIsNamedWithTheRemedy) {
    EXPECT_EQ(
        as_nobody(0600,
                  [] {
                      const auto why = why_no_tap();
                      return why ? std::string(why->what()) + " | " + why->hint() : "tap";
                  }),
        "cannot open /dev/net/tun: Permission denied | run lktest as root, let your user read and write "
        "/dev/net/tun, or use --network user");
}

TEST_F(WithoutRoot, NoNamespacesIsAHostErrorUnlessTheJailIsNotRequired) {
    const rlimit none{0, 0};  // number of processes: makes clone(2) fail like a forbidden namespace
    EXPECT_THAT(
        as_nobody(0666,
                  [&] {
                      ::setrlimit(RLIMIT_NPROC, &none);
                      return std::to_string(run_in_jail({}, [](const Jail&) { return 0; }));
                  }),
        StartsWith("cannot create namespaces: Resource temporarily unavailable (run lktest as root, "));
    EXPECT_THAT(as_nobody(0666,
                          [&] {
                              ::setrlimit(RLIMIT_NPROC, &none);
                              std::string why;
                              JailOptions options;
                              options.required = false;
                              options.why = [&](std::string_view line) { why = line; };
                              const int status = run_in_jail(options, [](const Jail& jail) {
                                  return fs::is_directory(jail.private_dir) ? 4 : 0;
                              });
                              return fmt::format("{}, {}", status, why);
                          }),
                StartsWith("4, no jail: cannot create namespaces"));
}

/// libvirt's QEMU driver does not start without that user.
TEST(Jail, KnowsTheUserOfLibvirtWhereNoPackageMadeIt) {
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root's driver asks for it";
    const TempDir lists;
    for (const char* list : {"passwd", "group"}) {
        std::istringstream lines(read_file(fs::path("/etc") / list));
        std::string rest;
        for (std::string line; std::getline(lines, line);)
            if (!line.starts_with("libvirt-qemu:"))
                rest += line + "\n";
        write_file(lists.path() / list, rest);
    }
    const pid_t child = ::fork();
    if (child == 0) {
        ::unshare(CLONE_NEWNS);
        ::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr);
        for (const char* list : {"passwd", "group"})
            ::mount((lists.path() / list).c_str(), (fs::path("/etc") / list).c_str(), nullptr, MS_BIND,
                    nullptr);
        if (::getpwnam("libvirt-qemu"))
            ::_exit(2);
        ::_exit(run_in_jail({.why = {}}, [](const Jail&) {
            const passwd* user = ::getpwnam("libvirt-qemu");
            return user && user->pw_uid != 0 && ::getgrnam("libvirt-qemu") && ::getpwnam("root") ? 0 : 1;
        }));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace lktest
