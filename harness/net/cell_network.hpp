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
    std::filesystem::path log_file;  ///< the DHCP server's output
    Pages pages{{"/lktest/probe", "lktest\n"}};
    std::filesystem::path served;  ///< a directory whose files the guest may fetch; empty for none
    std::optional<NetBoot> boot;   ///< what the guest boots from over this network, if it does
    /// Receives Kind::network events: lease, ping, fetched-from-guest, fetched-from-host.
    /// Called on the io_context's thread; never after the CellNetwork is destroyed.
    EventSink sink;
    std::function<std::chrono::microseconds()> since_power_on;  ///< for Event::at
    /// Called with the reason when a part of the network ended by itself; on the io_context's thread.
    std::function<void(const std::string& problem)> on_fault{};
};

/// Observations of the guest on the host side of a tap.
struct NetworkFacts {
    std::optional<std::string> lease_ip;
    bool pinged = false;
    bool page_fetched = false;  ///< the host fetched it from the guest, with the expected text
    bool file_served = false;   ///< the guest fetched it from the host
    std::string problem;        ///< why a request was not fulfilled in time; empty if all were
    bool host_fault = false;    ///< lktest caused the problem (the DHCP server died), not the guest
};

/// The network of one cell: a namespace with a tap for the guest, a DHCP server and a web server. Cells in
/// one process all have the same addresses and never meet.
class CellNetwork {
public:
    /// Throws a host Error if a part cannot be created.
    CellNetwork(boost::asio::io_context& io, CellNetworkOptions options);
    CellNetwork(const CellNetwork&) = delete;
    CellNetwork& operator=(const CellNetwork&) = delete;
    ~CellNetwork();

    /// Create the domain inside: only there does its tap tap_name (with guest_mac) exist.
    const Netns& netns() const noexcept;

    /// Returns when the DHCP server listens. Throws a host Error with its last output if it died or is not
    /// listening in time.
    boost::asio::awaitable<void> ready(Deadline deadline);

    /// Waits for the lease, pings, fetches the guest's page and waits for the guest's fetch, in this order,
    /// as far as requested. Retries until the deadline. Earlier events count too, except those before
    /// forget() and those of network boot firmware. One waiter at a time.
    boost::asio::awaitable<NetworkFacts> check(NetworkCheck check, Deadline deadline);

    TapTraffic traffic() const;
    /// The guest's use of its network so far, one sentence per fact.
    std::vector<std::string> in_words() const;

    /// The guest was reset: earlier events no longer count.
    void forget();

private:
    struct State;
    std::shared_ptr<State> state_;  ///< shared with the coroutines that wait on it
};

}  // namespace lktest
