// SPDX-License-Identifier: MIT
// The network of cells, with real namespaces, taps and dnsmasq. The guests are namespaces too: no QEMU.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <functional>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "harness/net/cell_network.hpp"
#include "harness/net/jail.hpp"
#include "harness/net/ping.hpp"
#include "harness/net/tftp.hpp"
#include "harness/tests/support/wired_guest.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::ip::tcp;
using testing::ElementsAre;
using testing::HasSubstr;

Deadline in(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}

constexpr auto ample = 60s;  // reached only when something is broken

/// Runs the io_context until the awaitable has its value.
template <typename T>
T await(asio::io_context& io, asio::awaitable<T> waiting) {
    std::optional<T> value;
    std::exception_ptr failure;
    asio::co_spawn(io, std::move(waiting), [&](const std::exception_ptr& thrown, T result) {
        failure = thrown;
        value = std::move(result);
        io.stop();
    });
    io.restart();
    io.run();
    if (failure)
        std::rethrow_exception(failure);
    return std::move(value.value());
}

void await(asio::io_context& io, asio::awaitable<void> waiting) {
    auto valued = [](asio::awaitable<void> inner) -> asio::awaitable<int> {
        co_await std::move(inner);
        co_return 0;
    };
    await<int>(io, valued(std::move(waiting)));
}

class Net : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0)
            GTEST_SKIP() << "outside a jail, only root makes network namespaces";
        if (const auto why = why_no_tap())
            GTEST_SKIP() << why->what() << "; " << why->hint();
    }

    CellNetworkOptions options(const std::string& name = "cell") {
        CellNetworkOptions made;
        made.log_file = directory.path() / (name + ".log");
        made.sink = [this, name](const Event& event) {
            EXPECT_EQ(event.at, 7us);
            EXPECT_EQ(event.kind, Event::Kind::network);
            EXPECT_EQ(event.source, Source::network);
            events.push_back(name + " " + event.name);
            texts.push_back(event.text);
        };
        made.since_power_on = [] { return 7us; };
        return made;
    }

    /// Runs the io_context while guests act, and until done() was called `others` times.
    void live(const std::vector<std::function<void()>>& acts, std::size_t others = 0) {
        left = acts.size() + others;
        io.restart();
        const auto work = asio::make_work_guard(io);
        std::vector<std::thread> acting;
        acting.reserve(acts.size());
        for (const auto& act : acts)
            acting.emplace_back([&] {
                act();
                asio::post(io, [&] { done(); });
            });
        io.run();
        for (std::thread& one : acting)
            one.join();
    }
    void done() {
        if (--left == 0)
            io.stop();
    }

    std::size_t left = 0;
    TempDir directory;
    asio::io_context io{1};
    std::vector<std::string> events, texts;
};

const NetworkCheck everything{true, true, "/state", "recovery is up", "/lktest/probe"};

TEST_F(Net, ANamespaceIsEnteredAndLeftAgainAlsoByAnException) {
    const auto own = std::filesystem::read_symlink("/proc/thread-self/ns/net");
    const Netns netns;
    const auto inside = netns.run([] { return std::filesystem::read_symlink("/proc/thread-self/ns/net"); });
    EXPECT_NE(inside, own);
    EXPECT_THROW(netns.run([] { throw host_error("x"); }), Error);
    EXPECT_EQ(std::filesystem::read_symlink("/proc/thread-self/ns/net"), own);
    EXPECT_EQ(check_process({"ip", "netns", "list"}), "");
}

TEST_F(Net, TheTapHasTheHostsAddressesAndIsPersistent) {
    const Netns netns;
    const Tap tap = make_tap(netns);
    const std::string shown = netns.run([] { return check_process({"ip", "address", "show", tap_name}); });
    EXPECT_THAT(shown, HasSubstr("inet 192.168.2.1/24"));
    EXPECT_THAT(shown, HasSubstr(",UP"));
    EXPECT_EQ(shown.find("inet6 fd00:2::1/64") != std::string::npos, tap.ipv6) << shown;
    EXPECT_EQ(shown.find("tentative"), std::string::npos) << shown;
}

TEST_F(Net, AGuestIsLeasedPingedFetchedFromAndServed) {
    CellNetwork network(io, options());
    await(io, network.ready(in(ample)));
    EXPECT_EQ(network.traffic().from_guest, 0U);
    EXPECT_THAT(network.in_words(),
                ElementsAre("the guest has sent no packets", "the guest did not ask for an address by DHCP"));
    const WiredGuest guest(io, network.netns());
    const HttpServer page(io, guest.netns(), {{"/state", "recovery is up\n"}}, [](const ServedPage&) {});
    std::string fetched;
    NetworkFacts facts;
    asio::co_spawn(io, network.check(everything, in(ample)),
                   [&](const std::exception_ptr&, NetworkFacts seen) { facts = std::move(seen), done(); });
    live({[&] {
             guest.join();
             fetched = guest.sh("curl -sS http://192.168.2.1/lktest/probe");
         }},
         1);
    EXPECT_EQ(facts.problem, "");
    EXPECT_FALSE(facts.host_fault);
    EXPECT_EQ(facts.lease_ip, guest_address);
    EXPECT_GT(network.traffic().from_guest, 0U);
    EXPECT_GT(network.traffic().to_guest, 0U);
    EXPECT_EQ(network.in_words().back(), "DHCP gave it 192.168.2.10");
    EXPECT_TRUE(facts.pinged && facts.page_fetched && facts.file_served);
    EXPECT_EQ(fetched, "lktest\n");
    EXPECT_EQ(std::set(events.begin(), events.end()),
              (std::set<std::string>{"cell lease", "cell ping", "cell fetched-from-guest",
                                     "cell fetched-from-host"}));
    EXPECT_EQ(texts.front(), "192.168.2.10 to 52:54:00:6c:6b:01");
    EXPECT_THAT(read_file(directory.path() / "cell.log"), HasSubstr("DHCPACK(tap0) 192.168.2.10"));
}

/// A cell, its guest, and their observations of each other.
struct Pair {
    Pair(asio::io_context& io, CellNetworkOptions options, const std::string& guest_says)
        : network(io, std::move(options)),
          guest(io, network.netns()),
          page(io, guest.netns(), {{"/state", guest_says}}, [](const ServedPage&) {}) {}

    CellNetwork network;
    WiredGuest guest;
    HttpServer page;
    NetworkFacts facts;
    std::string fetched;
};

TEST_F(Net, CellsWithTheSameAddressesNeverMeet) {
    std::vector<std::unique_ptr<Pair>> pairs;
    std::vector<std::function<void()>> lives;
    for (const std::string name : {"0", "1", "2"}) {
        CellNetworkOptions its = options(name);
        its.pages = {{"/lktest/probe", "host of cell " + name}};
        Pair& pair = *pairs.emplace_back(std::make_unique<Pair>(io, std::move(its), "guest of cell " + name));
        await(io, pair.network.ready(in(ample)));
        NetworkCheck check = everything;
        check.guest_text = "guest of cell " + name;
        asio::co_spawn(
            io, pair.network.check(check, in(ample)),
            [&](const std::exception_ptr&, NetworkFacts seen) { pair.facts = std::move(seen), done(); });
        lives.emplace_back([&pair] {
            pair.guest.join();
            pair.fetched = pair.guest.sh("curl -sS http://192.168.2.1/lktest/probe");
        });
    }
    live(lives, pairs.size());
    for (const auto& pair : pairs) {
        EXPECT_EQ(pair->facts.problem, "");
        EXPECT_TRUE(pair->facts.page_fetched && pair->facts.file_served);
    }
    EXPECT_EQ(pairs[0]->fetched, "host of cell 0");
    EXPECT_EQ(pairs[1]->fetched, "host of cell 1");
    EXPECT_EQ(pairs[2]->fetched, "host of cell 2");
    EXPECT_EQ(events.size(), 12u);
}

TEST_F(Net, FirmwareAndSystemOfOneGuestGetTheOneAddressUnderDifferentNames) {
    CellNetwork network(io, options());
    await(io, network.ready(in(ample)));
    WiredGuest guest(io, network.netns());
    std::vector<std::string> leases;
    const NetworkCheck lease_only{true, false, "", "", ""};
    live({[&] { leases.push_back(guest.lease("firmware", "PXEClient:Arch:00007:UNDI:003001")); }});
    const NetworkFacts after_firmware = await(io, network.check(lease_only, in(100ms)));
    live({[&] { leases.push_back(guest.lease("system", "udhcp 1.35.0")); }});
    const NetworkFacts after_system = await(io, network.check(lease_only, in(ample)));
    EXPECT_EQ(after_firmware.problem,
              "only the firmware asked for an address by DHCP, the guest's system did not");
    EXPECT_EQ(after_system.lease_ip, guest_address);
    EXPECT_THAT(leases, ElementsAre(guest_address, guest_address));
    EXPECT_THAT(texts, ElementsAre("192.168.2.10 to the firmware", "192.168.2.10 to 52:54:00:6c:6b:01"));
}

TEST_F(Net, WhatAGuestDidBeforeAResetCountsNoMore) {
    CellNetwork network(io, options());
    await(io, network.ready(in(ample)));
    WiredGuest guest(io, network.netns());
    const NetworkCheck lease_only{true, false, "", "", ""};
    live({[&] { guest.join(); }});
    EXPECT_EQ(await(io, network.check(lease_only, in(ample))).problem, "");
    network.forget();
    EXPECT_EQ(await(io, network.check(lease_only, in(100ms))).problem,
              "the guest did not ask for an address by DHCP");
}

TEST_F(Net, EachMissingStepIsNamed) {
    CellNetwork network(io, options());
    WiredGuest guest(io, network.netns());
    const auto problem = [&](const NetworkCheck& check, std::chrono::milliseconds time) {
        const NetworkFacts facts = await(io, network.check(check, in(time)));
        EXPECT_FALSE(facts.host_fault);
        return facts.problem;
    };
    await(io, network.ready(in(ample)));
    EXPECT_EQ(problem(everything, 100ms), "the guest did not ask for an address by DHCP");

    live({[&] { guest.discover(); }});
    EXPECT_EQ(problem(everything, 100ms), "the guest did not accept 192.168.2.10, which DHCP offered");

    live({[&] { EXPECT_EQ(guest.lease("", ""), guest_address); }});
    EXPECT_EQ(problem(everything, 1s), "192.168.2.10 does not answer ping");

    guest.sh("ip address add 192.168.2.10/24 dev eth0");
    EXPECT_EQ(problem(everything, 2s),
              "cannot fetch http://192.168.2.10/state from the guest: cannot connect: Connection refused");

    const HttpServer page(io, guest.netns(), {{"/state", "recovery is down\n"}, {"/ok", "recovery is up\n"}},
                          [](const ServedPage&) {});
    NetworkCheck check = everything;
    EXPECT_EQ(problem(check, 2s),
              "cannot fetch http://192.168.2.10/state from the guest: the page lacks 'recovery is up'");
    check.guest_page = "/none";
    EXPECT_EQ(problem(check, 2s), "cannot fetch http://192.168.2.10/none from the guest: status 404");
    check.guest_page = "/ok";
    EXPECT_EQ(problem(check, 2s), "the guest did not fetch http://192.168.2.1/lktest/probe");
}

TEST_F(Net, AServerThatStartsLateIsStillFound) {
    CellNetwork network(io, options());
    WiredGuest guest(io, network.netns());
    std::optional<HttpServer> page;
    await(io, network.ready(in(ample)));
    std::thread life([&] { guest.join(); });
    asio::steady_timer later(io, 2s);
    later.async_wait([&](const boost::system::error_code&) {
        page.emplace(io, guest.netns(), Pages{{"/state", "up"}}, [](const ServedPage&) {});
    });
    const NetworkCheck check{true, true, "/state", "up", ""};
    EXPECT_EQ(await(io, network.check(check, in(ample))).problem, "");
    life.join();
}

/// The children of this process whose command is dnsmasq.
std::string dnsmasq_pids() {
    return run_process({"pgrep", "-P", std::to_string(::getpid()), "dnsmasq"}).out;
}

TEST_F(Net, TheDeathOfTheDhcpServerIsAHostFaultAndSeenAtOnce) {
    std::vector<std::string> faults;
    CellNetworkOptions asked = options();
    asked.on_fault = [&](const std::string& problem) { faults.push_back(problem); };
    CellNetwork network(io, std::move(asked));
    await(io, network.ready(in(ample)));
    check_process({"pkill", "-KILL", "-P", std::to_string(::getpid()), "dnsmasq"});
    const NetworkFacts facts = await(io, network.check(everything, in(ample)));
    EXPECT_TRUE(facts.host_fault);
    EXPECT_THAT(facts.problem, HasSubstr("dnsmasq, the DHCP server, was ended by signal 9: "));
    EXPECT_THROW(await(io, network.ready(in(ample))), Error);
    EXPECT_THAT(faults, ElementsAre(facts.problem));  // also for a cell that waits for nothing
}

TEST_F(Net, TheDhcpServerHasOnlyTheRightsThatItNeeds) {
    CellNetwork network(io, options());
    await(io, network.ready(in(ample)));
    const std::string pid = dnsmasq_pids().substr(0, dnsmasq_pids().find('\n'));
    const std::string status = read_file("/proc/" + pid + "/status");
    // CAP_NET_BIND_SERVICE, CAP_NET_ADMIN and CAP_NET_RAW: capability.h.
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
        EXPECT_THAT(status, HasSubstr(fmt::format("{}:\t{:016x}\n", set, 1 << 10 | 1 << 12 | 1 << 13)));
    EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1\n"));
    if (::geteuid() == 0) {
        EXPECT_THAT(status, HasSubstr("Uid:\t65534\t65534\t65534\t65534\n"));
        EXPECT_THAT(status, HasSubstr("Groups:\t \n"));
    }
}

TEST_F(Net, NothingIsToldAfterTheNetworkIsGone) {
    auto network = std::make_unique<CellNetwork>(io, options());
    EXPECT_NE(dnsmasq_pids(), "");
    std::vector<std::string> problems;
    for (const NetworkCheck& check :
         {everything, NetworkCheck{false, true, "", "", ""}, NetworkCheck{false, false, "/state", "", ""}}) {
        // One waiter at a time: the later ones wait in ping and fetch, not at the bell.
        asio::co_spawn(
            io, network->check(check, in(ample)),
            [&](const std::exception_ptr&, const NetworkFacts& facts) { problems.push_back(facts.problem); });
    }
    asio::steady_timer later(io, 200ms);
    later.async_wait([&](const boost::system::error_code&) {
        network.reset();
        EXPECT_EQ(dnsmasq_pids(), "");
        events.clear();
    });
    io.run();  // ends, because every wait was abandoned
    EXPECT_EQ(problems.size(), 3u);
    EXPECT_THAT(events, ElementsAre());
}

TEST_F(Net, AMissingDnsmasqNamesItsPackage) {
    // In a separate process, with a mount namespace without dnsmasq.
    const auto look = [this](const Jail&) {
        ::setenv("PATH", "/nonexistent", 1);
        EXPECT_EQ(::mount("tmpfs", "/usr/sbin", "tmpfs", 0, nullptr), 0);
        CellNetwork network(io, options());
        return 0;
    };
    try {
        run_in_jail({}, look);
        ADD_FAILURE() << "started";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::host);
        EXPECT_STREQ(error.what(), "cannot start dnsmasq, the DHCP server: No such file or directory");
        EXPECT_EQ(error.hint(), "install the Debian package dnsmasq-base");
    }
}

TEST_F(Net, PingTellsAHostThatAnswersFromOneThatDoesNot) {
    const Netns netns;
    make_tap(netns);
    const auto loopback = asio::ip::make_address_v4("127.0.0.1");
    const auto nobody = asio::ip::make_address_v4("192.168.2.99");
    EXPECT_TRUE(await(io, ping(netns, loopback, in(ample))));
    EXPECT_FALSE(await(io, ping(netns, nobody, in(1s))));
}

/// A web server that sends the same text, repeatedly if asked, to every client.
asio::awaitable<void> say(std::shared_ptr<tcp::acceptor> acceptor, std::string text, bool for_ever) {
    boost::system::error_code error;
    tcp::socket socket(acceptor->get_executor());
    co_await acceptor->async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    do {
        const auto content = asio::buffer(text);
        co_await asio::async_write(socket, content, asio::redirect_error(asio::use_awaitable, error));
    } while (for_ever && !error);
}

TEST_F(Net, AHostileWebServerCannotHoldOrFloodTheHost) {
    const std::string head = "HTTP/1.1 200 OK\r\n";
    struct Case {
        std::string text;
        bool for_ever;
        std::string problem;
    };
    for (const Case& hostile : {
             Case{head, false, "incomplete answer: "},                                     // ends in the head
             Case{head + "Content-Length: 9\r\n\r\nshort", false, "incomplete answer: "},  // ends in the body
             Case{"SSH-2.0-OpenSSH_9.2\r\n", false, "incomplete answer: bad version"},     //
             Case{"x: y\r\n", true, "incomplete answer: "},                                //
             Case{std::string(1000, 'a'), true, "incomplete answer: "},                    // no line end
             Case{head + "Content-Length: 99999999999\r\n\r\n", false,
                  "incomplete answer: body limit exceeded"},
             Case{head + "\r\n" + std::string(9000, 'b'), true, "incomplete answer: body limit exceeded"},
             Case{"", false, "incomplete answer: "},
         }) {
        const Netns netns;
        const auto acceptor = std::make_shared<tcp::acceptor>(io);
        netns.run([&] {
            acceptor->open(tcp::v4());
            acceptor->bind(tcp::endpoint(tcp::v4(), 80));
            acceptor->listen();
        });
        asio::co_spawn(io, say(acceptor, hostile.text, hostile.for_ever), asio::detached);
        const auto host = asio::ip::make_address("127.0.0.1");
        const HttpReply reply = await(io, fetch(netns, host, "/", in(ample)));
        EXPECT_THAT(reply.problem, HasSubstr(hostile.problem)) << hostile.text.substr(0, 80);
        EXPECT_EQ(reply.status, 0u);
    }
}

TEST_F(Net, ASilentWebServerIsLeftAtTheDeadline) {
    const Netns netns;
    tcp::acceptor acceptor(io);
    netns.run([&] {
        acceptor.open(tcp::v4());
        acceptor.bind(tcp::endpoint(tcp::v4(), 80));
        acceptor.listen();
    });
    const auto host = asio::ip::make_address("127.0.0.1");
    EXPECT_EQ(await(io, fetch(netns, host, "/", in(300ms))).problem,
              "incomplete answer: The socket was closed due to a timeout");
}

TEST_F(Net, TheWebServerServesItsPagesAndNothingElse) {
    const Netns netns;
    const TempDir first, second;
    write_file(first.path() / "both", "first\n");
    write_file(second.path() / "both", "second\n");
    write_file(second.path() / "one", "one\n");
    std::vector<std::string> served;
    const auto on_served = [&](const ServedPage& page) {
        served.push_back(page.client + " " + page.path + " " + std::to_string(page.status));
    };
    const HttpServer server(io, netns, {{"/lktest/probe", "probe\n"}}, on_served,
                            {first.path(), second.path()});
    std::string said;
    std::thread client([&] {
        said = netns.run([] {
            return check_process(
                {"sh", "-c",
                 "curl -sS http://127.0.0.1/lktest/probe;"
                 "curl -sS http://127.0.0.1/both http://127.0.0.1/one;"
                 "curl -sS http://127.0.0.1/../../etc/passwd --path-as-is;"
                 "curl -sSI http://127.0.0.1/lktest/probe | tr -d '\\r' | grep Length;"
                 "curl -sS -d x http://127.0.0.1/lktest/probe -o /dev/null -w '%{http_code}\n'"});
        });
        io.stop();
    });
    io.run();
    client.join();
    EXPECT_EQ(said, "probe\nfirst\none\nnot found\nContent-Length: 6\n405\n");
    EXPECT_THAT(served, ElementsAre("127.0.0.1 /lktest/probe 200", "127.0.0.1 /both 200",
                                    "127.0.0.1 /one 200", "127.0.0.1 /../../etc/passwd 404"));
}

TEST_F(Net, TheWebServerFollowsNoLinkOutOfItsDirectory) {
    const Netns netns;
    const TempDir dir;
    make_directories(dir.path() / "tree");
    write_file(dir.path() / "secret", "secret\n");
    write_file(dir.path() / "tree/file", "file\n");
    std::filesystem::create_symlink("file", dir.path() / "tree/inside");
    std::filesystem::create_symlink("../secret", dir.path() / "tree/outside");
    std::filesystem::create_directory_symlink("/", dir.path() / "tree/pub");
    const HttpServer server(io, netns, {}, [](const ServedPage&) {}, {dir.path() / "tree"});
    std::string said;
    std::thread client([&] {
        said = netns.run([] {
            return check_process({"sh", "-c",
                                  "curl -sS http://127.0.0.1/inside; curl -sS http://127.0.0.1/outside;"
                                  "curl -sS http://127.0.0.1/pub/etc/passwd;"
                                  "curl -sSI http://127.0.0.1/pub/etc/passwd | head -1 | tr -d '\\r';"
                                  "curl -sSI http://127.0.0.1/inside | tr -d '\\r' | grep Length"});
        });
        io.stop();
    });
    io.run();
    client.join();
    EXPECT_EQ(said, "file\nnot found\nnot found\nHTTP/1.1 404 Not Found\nContent-Length: 5\n");
}

TEST_F(Net, TheTftpServerSendsFilesOfItsDirectoryAndNothingElse) {
    const Netns netns;
    const TempDir dir;
    make_directories(dir.path() / "tree/sub");
    write_file(dir.path() / "secret", "secret\n");
    std::string large;
    for (int i = 0; i < 40'000; ++i)
        large += std::to_string(i) + ",";
    write_file(dir.path() / "tree/sub/large", large);
    write_file(dir.path() / "tree/whole-blocks", std::string(1024, 'b'));
    write_file(dir.path() / "tree/empty", "");
    std::filesystem::create_symlink("sub/large", dir.path() / "tree/link");
    std::filesystem::create_symlink("../secret", dir.path() / "tree/outside");
    std::filesystem::create_directory_symlink("/", dir.path() / "tree/pub");
    std::vector<std::string> served;
    const auto on_served = [&](const ServedFile& file) {
        served.push_back(fmt::format("{} {} {} {}", file.path, file.found, file.sent, file.size));
    };
    const TftpServer server(io, netns, dir.path() / "tree", on_served);
    std::string said;
    std::thread client([&] {
        said = netns.run([&] {
            return check_process(
                {"sh", "-c",
                 "get() { curl -sS --max-time 60 $2 tftp://127.0.0.1/$1 2>/dev/null | cksum; };"
                 "get sub/large; get link --tftp-no-options; get whole-blocks; get empty;"
                 "get outside; get pub/etc/passwd; get ../secret; get sub; get nothing;"
                 "cksum <" +
                     (dir.path() / "tree/sub/large").string() + "; cksum <" +
                     (dir.path() / "tree/whole-blocks").string() + "; cksum </dev/null"});
        });
        io.stop();
    });
    io.run();
    client.join();
    std::vector<std::string> sums;
    std::istringstream lines(said);
    for (std::string line; std::getline(lines, line);)
        sums.push_back(line);
    ASSERT_EQ(sums.size(), 12U);
    const std::string &whole = sums[9], &blocks = sums[10], &nothing = sums[11];
    EXPECT_THAT(sums, ElementsAre(whole, whole, blocks, nothing, nothing, nothing, nothing, nothing, nothing,
                                  whole, blocks, nothing));
    EXPECT_THAT(served, testing::Contains(fmt::format("sub/large true true {}", large.size())));
    EXPECT_THAT(served, testing::Contains("outside false false 0"));
    EXPECT_THAT(served, testing::Contains("pub/etc/passwd false false 0"));
}

}  // namespace
}  // namespace lktest
