// SPDX-License-Identifier: MIT
// libvirt's event loop on an io_context, without a guest.
#include "harness/machine/event_loop.hpp"

#include <gtest/gtest.h>
#include <libvirt/libvirt.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "builder/base/deadline.hpp"
#include "builder/base/pipe.hpp"
#include "harness/machine/connection.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Registers watches in libvirt's place: virEventAddHandle and similar functions call those that EventLoop
/// gave to libvirt.
class LibvirtEventLoop : public ::testing::Test {
protected:
    template <typename Condition>
    bool wait(Condition condition) {
        const Deadline deadline = std::chrono::steady_clock::now() + 60s;
        while (!condition() && !passed(deadline))
            io.run_one_until(deadline);
        return condition();
    }

    /// Runs everything that is due; never ends if something fires again and again.
    void settle() { io.poll(); }

    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> busy{io.get_executor()};
    EventLoop loop{io};
};

/// Counts the reports to libvirt.
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
    ASSERT_TRUE(wait([&] { return seen.events.size() >= 2; })) << "nothing was read, so it is reported again";
    EXPECT_EQ(seen.fd, pipe.read.get());
    EXPECT_EQ(seen.events.back(), VIR_EVENT_HANDLE_READABLE);
    virEventRemoveHandle(watch);
    EXPECT_EQ(seen.freed, 0) << "never from within the removal";
    const std::size_t told = seen.events.size();
    settle();
    EXPECT_EQ(seen.freed, 1);
    EXPECT_EQ(seen.events.size(), told) << "reported after its removal";
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
        // The next loop of the process gets whatever libvirt registers from then on.
        virEventAddTimeout(5, Seen::timeout, &seen, Seen::free);
        virEventAddHandle(pipe.read.get(), VIR_EVENT_HANDLE_READABLE, Seen::handle, &seen, Seen::free);
    }
    settle();
    loop.~EventLoop();
    EXPECT_EQ(seen.freed, 2);
    EXPECT_EQ(virEventAddTimeout(5, Seen::timeout, &seen, Seen::free), -1) << "no loop exists";
    new (&loop) EventLoop(io);
    EXPECT_GT(virEventAddTimeout(5, Seen::timeout, nullptr, nullptr), 0);
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
        EXPECT_TRUE(std::string_view(error.what()).starts_with("libvirt does not report events of QEMU: "))
            << error.what();
    }
}

}  // namespace
}  // namespace lktest
