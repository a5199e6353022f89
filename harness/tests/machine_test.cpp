// SPDX-License-Identifier: MIT
// The machine's parts that need no guest of libvirt's: the event loop, the worker,
// QEMU's log, and the test guest that KVM is judged by.
#include <gtest/gtest.h>
#include <libvirt/libvirt.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <thread>

#include "builder/base/deadline.hpp"
#include "builder/base/file.hpp"
#include "builder/base/pipe.hpp"
#include "harness/machine/connection.hpp"
#include "harness/machine/domain_event.hpp"
#include "harness/machine/event_loop.hpp"
#include "harness/machine/kvm_guest.hpp"
#include "harness/machine/pool.hpp"
#include "harness/machine/probe.hpp"
#include "harness/machine/shared_directory.hpp"
#include "harness/machine/worker.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// What libvirt would register, registered by the test: virEventAddHandle and its like
/// call the functions that EventLoop gave to libvirt.
class LibvirtEventLoop : public ::testing::Test {
protected:
    template <typename Condition>
    bool wait(Condition condition) {
        const Deadline deadline = std::chrono::steady_clock::now() + 60s;
        while (!condition() && !passed(deadline))
            io.run_one_until(deadline);
        return condition();
    }

    /// Lets everything happen that is due; never ends while something fires again and again.
    void settle() { io.poll(); }

    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> busy{io.get_executor()};
    EventLoop loop{io};
};

/// Counts what libvirt would be told.
struct Seen {
    std::vector<int> events;
    int fd = -1, fired = 0, freed = 0;
    std::thread::id thread;

    static void handle(int, int fd, int events, void* self) {
        static_cast<Seen*>(self)->fd = fd;
        static_cast<Seen*>(self)->events.push_back(events);
    }
    static void timeout(int, void* self) {
        static_cast<Seen*>(self)->fired++;
        static_cast<Seen*>(self)->thread = std::this_thread::get_id();
    }
    static void free(void* self) { static_cast<Seen*>(self)->freed++; }
};

TEST_F(LibvirtEventLoop, TellsThatADescriptorCanBeReadAsLongAsItCan) {
    const Pipe pipe = make_pipe();
    Seen seen;
    const int watch =
        virEventAddHandle(pipe.read.get(), VIR_EVENT_HANDLE_READABLE, Seen::handle, &seen, Seen::free);
    ASSERT_GT(watch, 0);
    settle();
    EXPECT_TRUE(seen.events.empty());
    ASSERT_EQ(::write(pipe.write.get(), "ab", 2), 2);
    ASSERT_TRUE(wait([&] { return seen.events.size() >= 2; })) << "nothing was read: told again";
    EXPECT_EQ(seen.fd, pipe.read.get());
    EXPECT_EQ(seen.events.back(), VIR_EVENT_HANDLE_READABLE);
    virEventRemoveHandle(watch);
    EXPECT_EQ(seen.freed, 0) << "never from within the removal";
    const std::size_t told = seen.events.size();
    settle();
    EXPECT_EQ(seen.freed, 1);
    EXPECT_EQ(seen.events.size(), told) << "told after its removal";
}

TEST_F(LibvirtEventLoop, TellsOfAHangUpThoughNothingElseIsWatched) {
    Pipe pipe = make_pipe();
    Seen seen;
    const int watch =
        virEventAddHandle(pipe.read.get(), VIR_EVENT_HANDLE_HANGUP, Seen::handle, &seen, nullptr);
    settle();
    pipe.write.reset();
    ASSERT_TRUE(wait([&] { return !seen.events.empty(); }));
    EXPECT_EQ(seen.events.back(), VIR_EVENT_HANDLE_HANGUP);
    virEventRemoveHandle(watch);
}

TEST_F(LibvirtEventLoop, WatchesNoMoreThanItIsToldTo) {
    const Pipe pipe = make_pipe();
    Seen seen;
    const int watch = virEventAddHandle(pipe.write.get(), 0, Seen::handle, &seen, nullptr);
    settle();
    EXPECT_TRUE(seen.events.empty());
    virEventUpdateHandle(watch, VIR_EVENT_HANDLE_WRITABLE);
    ASSERT_TRUE(wait([&] { return !seen.events.empty(); }));
    EXPECT_EQ(seen.events.back(), VIR_EVENT_HANDLE_WRITABLE);
    virEventUpdateHandle(watch, 0);
    settle();
    const std::size_t told = seen.events.size();
    settle();
    EXPECT_EQ(seen.events.size(), told);
    virEventRemoveHandle(watch);
}

TEST_F(LibvirtEventLoop, LetsLibvirtCloseADescriptorBeforeItsRemoval) {
    Pipe pipe = make_pipe();
    Seen seen;
    const int watch =
        virEventAddHandle(pipe.read.get(), VIR_EVENT_HANDLE_READABLE, Seen::handle, &seen, Seen::free);
    settle();
    pipe.read.reset();
    virEventRemoveHandle(watch);
    settle();
    EXPECT_EQ(seen.freed, 1);
    EXPECT_TRUE(seen.events.empty());
}

TEST_F(LibvirtEventLoop, RefusesWhatCannotBeWatched) {
    EXPECT_EQ(virEventAddHandle(-1, VIR_EVENT_HANDLE_READABLE, Seen::handle, nullptr, nullptr), -1);
    EXPECT_EQ(virEventRemoveHandle(4711), -1);
    EXPECT_EQ(virEventRemoveTimeout(4711), -1);
    virEventUpdateHandle(4711, 1);
    virEventUpdateTimeout(4711, 1);
}

TEST_F(LibvirtEventLoop, FiresATimerAgainAndAgainUntilItIsSwitchedOff) {
    Seen seen;
    const int timer = virEventAddTimeout(1, Seen::timeout, &seen, Seen::free);
    ASSERT_TRUE(wait([&] { return seen.fired >= 3; }));
    virEventUpdateTimeout(timer, -1);
    settle();
    const int fired = seen.fired;
    std::this_thread::sleep_for(10ms);
    settle();
    EXPECT_EQ(seen.fired, fired);
    virEventRemoveTimeout(timer);
    settle();
    EXPECT_EQ(seen.freed, 1);
}

TEST_F(LibvirtEventLoop, FiresOnItsOwnThreadWhoeverAsks) {
    Seen seen;
    const int timer = virEventAddTimeout(-1, Seen::timeout, &seen, nullptr);
    settle();
    EXPECT_EQ(seen.fired, 0);
    std::thread([&] { virEventUpdateTimeout(timer, 0); }).join();
    ASSERT_TRUE(wait([&] { return seen.fired > 0; }));
    EXPECT_EQ(seen.thread, std::this_thread::get_id());
    virEventRemoveTimeout(timer);
}

TEST_F(LibvirtEventLoop, LetsACallbackRemoveItself) {
    struct Self {
        int timer = -1, fired = 0, freed = 0;
    } self;
    self.timer = virEventAddTimeout(
        0,
        [](int timer, void* opaque) {
            static_cast<Self*>(opaque)->fired++;
            virEventRemoveTimeout(timer);
        },
        &self, [](void* opaque) { static_cast<Self*>(opaque)->freed++; });
    ASSERT_TRUE(wait([&] { return self.freed == 1; }));
    settle();
    EXPECT_EQ(self.fired, 1);
}

TEST_F(LibvirtEventLoop, StandsAnyNumberOfThreads) {
    Seen seen;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int round = 0; round < 200; ++round) {
                const int timer = virEventAddTimeout(-1, Seen::timeout, &seen, nullptr);
                virEventUpdateTimeout(timer, 0);
                virEventUpdateTimeout(timer, -1);
                virEventRemoveTimeout(timer);
            }
        });
    const int watched = virEventAddTimeout(0, Seen::timeout, &seen, nullptr);
    EXPECT_TRUE(wait([&] { return seen.fired > 50; }));
    for (std::thread& thread : threads)
        thread.join();
    virEventRemoveTimeout(watched);
    settle();
    const int fired = seen.fired;
    settle();
    EXPECT_EQ(seen.fired, fired) << "a removed timer fired";
}

TEST_F(LibvirtEventLoop, FreesWhatIsLeftAtItsEnd) {
    Seen seen;
    const Pipe pipe = make_pipe();
    {
        // The next loop of the process takes over what libvirt registers from then on.
        virEventAddTimeout(5, Seen::timeout, &seen, Seen::free);
        virEventAddHandle(pipe.read.get(), VIR_EVENT_HANDLE_READABLE, Seen::handle, &seen, Seen::free);
    }
    settle();
    loop.~EventLoop();
    EXPECT_EQ(seen.freed, 2);
    EXPECT_EQ(virEventAddTimeout(5, Seen::timeout, &seen, Seen::free), -1) << "there is no loop";
    new (&loop) EventLoop(io);
    EXPECT_GT(virEventAddTimeout(5, Seen::timeout, nullptr, nullptr), 0);
}

TEST(Pool, GivesAGuestToTheHostWithTheFewestForEachCore) {
    std::vector<PoolLoad> loads{{.cores = 2}, {.cores = 4}};
    EXPECT_EQ(least_loaded(loads), 0U);
    loads[0].guests = 1;
    EXPECT_EQ(least_loaded(loads), 1U);
    loads[1].guests = 1;
    EXPECT_EQ(least_loaded(loads), 1U);
    loads[1].guests = 2;
    EXPECT_EQ(least_loaded(loads), 0U);
}

TEST(Pool, AsksABrokenConnectionOnlyWhenAllAre) {
    std::vector<PoolLoad> loads{{.alive = false}, {.guests = 7}};
    EXPECT_EQ(least_loaded(loads), 1U);
    loads[1].alive = false;
    EXPECT_EQ(least_loaded(loads), 0U);
}

TEST(QemuUser, MayOpenWhatOwnerGroupAndModeSay) {
    const TempDir directory;
    const std::filesystem::path file = directory.path() / "image.iso";
    write_file(file, "");
    const QemuUser owner{::geteuid(), {::getegid()}}, colleague{::geteuid() + 1, {9999, ::getegid()}},
        stranger{::geteuid() + 1, {9999}};
    const auto all = [&](unsigned mode, bool write) {
        std::filesystem::permissions(file, std::filesystem::perms(mode));
        return std::vector{may_open(owner, file, write), may_open(colleague, file, write),
                           may_open(stranger, file, write)};
    };
    EXPECT_EQ(all(0644, false), (std::vector{true, true, true}));
    EXPECT_EQ(all(0640, false), (std::vector{true, true, false}));
    EXPECT_EQ(all(0044, false), (std::vector{false, true, true}));
    EXPECT_EQ(all(0664, true), (std::vector{true, true, false}));
    EXPECT_EQ(all(0646, true), (std::vector{true, false, true}));
    EXPECT_FALSE(may_open(owner, directory.path() / "none"));
}

TEST(Connection, KnowsUrisOfOtherMachines) {
    EXPECT_TRUE(names_a_host("qemu+ssh://root@build-3/system"));
    EXPECT_TRUE(names_a_host("qemu://build-3/system"));
    EXPECT_FALSE(names_a_host("qemu:///system"));
    EXPECT_FALSE(names_a_host("qemu+unix:///system?socket=/run/other"));
    EXPECT_FALSE(names_a_host("qemu://"));
    EXPECT_FALSE(names_a_host("embedded"));
}

TEST_F(LibvirtEventLoop, ConnectionsNameTheUriThatTheyCannotOpen) {
    try {
        Connection::open("nosuch:///driver");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::host);
        EXPECT_TRUE(std::string_view(error.what()).starts_with("cannot connect to nosuch:///driver: "))
            << error.what();
    }
    try {
        Connection::open("test:///default");
        FAIL() << "libvirt's test driver has no QEMU";
    } catch (const Error& error) {
        EXPECT_TRUE(std::string_view(error.what()).starts_with("libvirt tells no events of QEMU: "))
            << error.what();
    }
}

TEST(SharedDirectory, GoesWithItsOwner) {
    std::filesystem::path path;
    {
        const SharedDirectory directory;
        path = directory.path();
        write_file(path / "socket", "");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SharedDirectory, GoesAlsoWhenItsOwnerIsKilled) {
    Pipe said = make_pipe();
    const pid_t owner = ::fork();
    ASSERT_GE(owner, 0);
    if (owner == 0) {
        const SharedDirectory directory;
        const std::string path = directory.path();
        [[maybe_unused]] const ssize_t written = ::write(said.write.get(), path.data(), path.size());
        ::raise(SIGKILL);
    }
    std::array<char, 256> path{};
    const ssize_t length = ::read(said.read.get(), path.data(), path.size());
    ::waitpid(owner, nullptr, 0);
    ASSERT_GT(length, 0);
    const Deadline deadline = std::chrono::steady_clock::now() + 60s;
    const std::filesystem::path directory(std::string_view(path.data(), static_cast<std::size_t>(length)));
    while (std::filesystem::exists(directory) && !passed(deadline))
        std::this_thread::sleep_for(5ms);
    EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST(DomainListeners, TellEachGuestOnlyItsOwn) {
    DomainListeners listeners;
    std::vector<std::string> a, b;
    listeners.listen("a", [&](const DomainEvent& event) { a.push_back(event.reason); });
    listeners.listen("b", [&](const DomainEvent& event) { b.push_back(event.reason); });
    listeners.tell("a", {DomainEvent::Kind::stopped, "1", {}});
    listeners.tell("b", {DomainEvent::Kind::stopped, "2", {}});
    listeners.tell("c", {DomainEvent::Kind::stopped, "3", {}});
    listeners.forget("a");
    listeners.tell("a", {DomainEvent::Kind::stopped, "4", {}});
    EXPECT_EQ(a, std::vector<std::string>{"1"});
    EXPECT_EQ(b, std::vector<std::string>{"2"});
    EXPECT_THROW(listeners.listen("b", {}), Error) << "two guests of one name";
}

TEST(DomainListeners, LetAListenerForgetItselfWhileItIsTold) {
    DomainListeners listeners;
    int told = 0;
    listeners.listen("a", [&](const DomainEvent&) {
        listeners.forget("a");
        ++told;
    });
    listeners.tell("a", {DomainEvent::Kind::stopped, "", {}});
    listeners.tell("a", {DomainEvent::Kind::stopped, "", {}});
    EXPECT_EQ(told, 1);
}

TEST(DomainListeners, TakeTheSecondResetOfSeaBiosForThePartOfTheFirstThatItIs) {
    DomainListeners listeners;
    std::vector<std::string> told;
    listeners.listen("a", [&](const DomainEvent& event) { told.push_back(event.reason); });
    const auto at = [&](std::chrono::milliseconds time, const char* reason) {
        const std::chrono::system_clock::time_point power_on{1'700'000'000s};
        listeners.tell("a", {DomainEvent::Kind::reset, reason, power_on + time});
    };
    at(0ms, "first");
    at(90ms, "SeaBIOS's");
    at(990ms, "too near, too");
    at(1000ms, "second");
    at(1100ms, "SeaBIOS's");
    EXPECT_EQ(told, (std::vector<std::string>{"first", "second"}));
}

TEST(DomainListeners, TellTheFirstShutdownOnly) {
    DomainListeners listeners;
    std::vector<std::string> told;
    listeners.listen("a", [&](const DomainEvent& event) { told.push_back(event.reason); });
    listeners.tell("a", {DomainEvent::Kind::shutdown, "guest-shutdown", {}});
    listeners.tell("a", {DomainEvent::Kind::shutdown, "host-signal", {}});
    EXPECT_EQ(told, std::vector<std::string>{"guest-shutdown"});
}

TEST(LastWordsOfLog, AreWhatQemuWroteTheLastTimeItRan) {
    EXPECT_EQ(last_words_of_log(""), "");
    EXPECT_EQ(last_words_of_log(
                  "2026-01-01 10:00:00.000+0000: starting up libvirt version: 9.0.0, package: x, qemu\n"
                  "LC_ALL=C \\\n"
                  "/usr/bin/qemu-system-x86_64 \\\n"
                  "-name guest=a \\\n"
                  "-msg timestamp=on\n"
                  "qemu-system-x86_64: words of an earlier run\n"
                  "2026-01-01 10:00:01.000+0000: shutting down, reason=failed\n"
                  "2026-01-01 11:00:00.000+0000: starting up libvirt version: 9.0.0, package: x, qemu\n"
                  "LC_ALL=C \\\n"
                  "/usr/bin/qemu-system-x86_64 \\\n"
                  "-msg timestamp=on\n"
                  "2026-01-01 11:00:00.100+0000: Domain id=1 is tainted: high-privileges\n"
                  "qemu-system-x86_64: cannot open /x\n"
                  "second line\n"
                  "2026-01-01 11:00:01.000+0000: shutting down, reason=failed\n"),
              "qemu-system-x86_64: cannot open /x\nsecond line");
}

TEST(WithoutEnvironment, LeavesTheCommandAndNothingOfTheCallers) {
    const std::string begin = "2026-01-01 10:00:00.000+0000: starting up libvirt version: 9.0.0, qemu\n";
    const std::string command =
        "/usr/bin/qemu-system-x86_64 \\\n-name guest=a \\\n-msg timestamp=on\nPATH=is a word here\n";
    EXPECT_EQ(without_environment(begin +
                                  "LC_ALL=C \\\nPATH=/home/me/bin:/usr/bin \\\nHOME=/home/me \\\n"
                                  "SECRET='two\nlines' \\\n" +
                                  command + begin + "USER=me \\\n" + command),
              begin + "LC_ALL=C \\\n" + command + begin + command);
    EXPECT_EQ(without_environment(""), "");
    EXPECT_EQ(without_environment("no end"), "no end");
}

TEST(LastWordsOfLog, AreBounded) {
    std::string flood;
    for (int line = 0; line < 10'000; ++line)
        flood += "line " + std::to_string(line) + "\n";
    const std::string words = last_words_of_log(flood);
    EXPECT_LE(words.size(), 2048u);
    EXPECT_TRUE(words.starts_with("line ")) << "cut at a line";
    EXPECT_TRUE(words.ends_with("line 9999"));
    EXPECT_LE(last_words_of_log(std::string(100'000, 'x')).size(), 2048u);
}

class OnWorker : public ::testing::Test {
protected:
    template <typename Body>
    void run(Body body) {
        std::exception_ptr failure;
        asio::co_spawn(io, std::move(body), [&](std::exception_ptr thrown) { failure = thrown; });
        io.run();
        if (failure)
            std::rethrow_exception(failure);
    }

    asio::io_context io{1};
    asio::thread_pool pool{1};
};

/// A result that can only be moved, and not be made from nothing: like Domain.
struct Owned {
    explicit Owned(int n) : number(std::make_unique<int>(n)) {}
    std::unique_ptr<int> number;
};

TEST_F(OnWorker, RunsElsewhereAndComesBack) {
    const std::thread::id here = std::this_thread::get_id();
    std::thread::id there, after;
    std::unique_ptr<int> result;
    run([&]() -> asio::awaitable<void> {
        const auto work = [&] {
            there = std::this_thread::get_id();
            return Owned(42);
        };
        Owned owned = co_await on_worker(pool, work);
        after = std::this_thread::get_id();
        result = std::move(owned.number);
    });
    EXPECT_NE(there, here);
    EXPECT_EQ(after, here);
    ASSERT_TRUE(result);
    EXPECT_EQ(*result, 42);
}

TEST_F(OnWorker, LetsExceptionsPass) {
    EXPECT_THROW(run([&]() -> asio::awaitable<void> {
                     const auto work = []() -> int { throw std::out_of_range("from the worker"); };
                     co_await on_worker(pool, work);
                 }),
                 std::out_of_range);
}

TEST_F(OnWorker, DoesNotHoldUpTheLoop) {
    std::promise<void> ready;
    bool went_on = false;
    run([&]() -> asio::awaitable<void> {
        asio::post(io, [&] {
            went_on = true;
            ready.set_value();
        });
        const auto work = [&] { ready.get_future().wait_for(60s); };
        co_await on_worker(pool, work);
        EXPECT_TRUE(went_on);
    });
}

class TestGuest : public ::testing::TestWithParam<Arch> {};

TEST_P(TestGuest, RunsThroughWhereTheProcessorIsWhole) {
    const auto qemu = find_qemu(GetParam());
    ASSERT_TRUE(qemu);
    const Proof proof = prove_accel(GetParam(), Accel::tcg, *qemu, 60s);
    EXPECT_EQ(proof.fault, "");
}

TEST_P(TestGuest, IsNotMissedWhenItNeverRuns) {
    const TempDir directory;
    const auto script = [&](std::string_view body) {
        write_file(directory.path() / "qemu", body);
        std::filesystem::permissions(directory.path() / "qemu", std::filesystem::perms::owner_all);
        return directory.path() / "qemu";
    };
    const std::string first(kvm_guest(GetParam()).stages.front().name);
    const Proof died = prove_accel(
        GetParam(), Accel::kvm,
        script("#!/bin/sh\necho 'qemu-system-x: warning: w\nqemu-system-x: no KVM' >&2\nexit 1\n"), 60s);
    EXPECT_EQ(died.fault, "a test guest did not get through " + first + " (no KVM)");
    EXPECT_TRUE(died.settled);
    const Proof slow = prove_accel(GetParam(), Accel::kvm, script("#!/bin/sh\nexec sleep 60\n"), 100ms);
    EXPECT_EQ(slow.fault, "a test guest did not get through " + first);
    EXPECT_FALSE(slow.settled) << "perhaps the machine was only busy";
}

INSTANTIATE_TEST_SUITE_P(Machine, TestGuest, ::testing::ValuesIn(all_arches),
                         [](const auto& parameter) { return std::string(name(parameter.param)); });

TEST(MissingStage, IsTheFirstThatWasNotReached) {
    const KvmGuest guest = kvm_guest(Arch::x86_64);
    EXPECT_EQ(missing_stage(guest, ""), "real mode");
    EXPECT_EQ(missing_stage(guest, "REL"), "SSE in kernel mode");
    EXPECT_EQ(missing_stage(guest, "RELPTU"), "SSE in kernel mode");
    EXPECT_EQ(missing_stage(guest, "RELSPTU"), "");
}

TEST(ChooseAccel, EmulatesWhatTheHostIsNot) {
    const TempDir cache;
    const Arch other = host_arch() == Arch::x86_64 ? Arch::aarch64 : Arch::x86_64;
    const AccelChoice choice = choose_accel(other, std::nullopt, cache.path());
    EXPECT_EQ(choice.accel, Accel::tcg);
    EXPECT_EQ(choice.why, std::string(name(other)) + " on " + std::string(name(host_arch())) + " has no KVM");
    try {
        choose_accel(other, Accel::kvm, cache.path());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
    }
    EXPECT_EQ(choose_accel(other, Accel::tcg, cache.path()).why, "asked for");
}

TEST(ChooseAccel, RemembersWhatWasProven) {
    const TempDir cache;
    const AccelChoice first = choose_accel(host_arch(), std::nullopt, cache.path());
    EXPECT_FALSE(first.why.empty());
    const auto file = cache.path() / ("kvm-" + std::string(name(host_arch())));
    if (!std::filesystem::exists(file))
        GTEST_SKIP() << "nothing was proven: " << first.why;
    std::string text = read_file(file);
    const std::size_t line = text.find('\n') + 1;
    write_file(file, text.substr(0, line) + "a fault of long ago\n");
    EXPECT_EQ(choose_accel(host_arch(), std::nullopt, cache.path()).why,
              "KVM does not work here: a fault of long ago");
    write_file(file, "of another boot\nno fault\n");
    EXPECT_EQ(choose_accel(host_arch(), std::nullopt, cache.path()).why, first.why) << "proven anew";
}

}  // namespace
}  // namespace lktest
