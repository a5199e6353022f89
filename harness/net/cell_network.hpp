// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "builder/base/deadline.hpp"
#include "harness/matrix/event.hpp"
#include "harness/net/http.hpp"
#include "harness/net/netboot.hpp"
#include "harness/net/netns.hpp"
#include "harness/net/tap.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

struct CellNetworkOptions {
    std::filesystem::path log_file;  ///< what the DHCP server says
    Pages pages{{"/lktest/probe", "lktest\n"}};
    std::filesystem::path served;  ///< a directory whose files the guest may fetch; empty: none
    std::optional<NetBoot> boot;   ///< what the guest is booted from, when it is from here
    /// Gets Kind::network events: lease, ping, fetched-from-guest, fetched-from-host.
    /// Called on the io_context's thread; never after the CellNetwork is gone.
    EventSink sink;
    std::function<std::chrono::microseconds()> since_power_on;  ///< for Event::at
    /// Called when a part of the network ended by itself, with the reason; on the io_context's thread.
    std::function<void(const std::string& problem)> on_fault{};
};

/// What the host side of a tap saw of its guest.
struct NetworkFacts {
    std::optional<std::string> lease_ip;
    bool pinged = false;
    bool page_fetched = false;  ///< by the host, from the guest, with the expected text
    bool file_served = false;   ///< by the host, to the guest
    std::string problem;        ///< why not all that was asked came in time; empty when it did
    bool host_fault = false;    ///< the problem is ours (the DHCP server died), not the guest's
};

/// The network of one cell: a namespace with a tap for the guest, a DHCP and a web
/// server. Any number of cells in one process have the same addresses and never meet.
class CellNetwork {
public:
    /// Throws a host Error when a part cannot be had.
    CellNetwork(boost::asio::io_context& io, CellNetworkOptions options);
    CellNetwork(const CellNetwork&) = delete;
    CellNetwork& operator=(const CellNetwork&) = delete;
    ~CellNetwork();

    /// Where to create the domain: its tap tap_name (with guest_mac) is found only inside.
    const Netns& netns() const noexcept;

    /// Returns when the DHCP server listens. Throws a host Error with its last
    /// words when it died, or does not listen in time.
    boost::asio::awaitable<void> ready(Deadline deadline);

    /// Waits for the lease, pings, fetches the guest's page and waits for the guest's
    /// own fetch, in this order, as far as asked; all of it again and again until the
    /// deadline. Counts what came before the call too, but not what came before forget(),
    /// nor what network boot firmware did. One waiter at a time.
    boost::asio::awaitable<NetworkFacts> check(NetworkCheck check, Deadline deadline);

    TapTraffic traffic() const;
    /// What the guest has done with its network until now, a sentence each.
    std::vector<std::string> in_words() const;

    /// The guest was reset: what it did before proves nothing any more.
    void forget();

private:
    struct State;
    std::shared_ptr<State> state_;  ///< shared with the coroutines that wait on it
};

}  // namespace lktest
