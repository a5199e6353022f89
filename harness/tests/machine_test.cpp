// SPDX-License-Identifier: MIT
// Parts of the machine that need no guest of libvirt: connections and their events, QEMU's user and log, the
// shared directory, the worker.
#include <gtest/gtest.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <sys/wait.h>
#include <unistd.h>

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
#include "harness/machine/pool.hpp"
#include "harness/machine/shared_directory.hpp"
#include "harness/machine/worker.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

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

TEST(Connection, KnowsAFailureWithoutAReason) {
    ASSERT_EQ(virInitialize(), 0);
    virResetLastError();
    EXPECT_TRUE(libvirt_gave_no_reason());
    EXPECT_EQ(virDomainGetName(nullptr), nullptr);
    EXPECT_FALSE(libvirt_gave_no_reason());
    virResetLastError();
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
        const std::chrono::steady_clock::time_point power_on{1000s};
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

/// A result that can be moved, but not default-constructed, like Domain.
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

}  // namespace
}  // namespace lktest
