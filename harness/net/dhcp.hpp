// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/net/dhcp_log.hpp"
#include "harness/net/netns.hpp"
#include "harness/net/tap.hpp"

namespace lktest {

/// Callbacks of a DHCP server, on the io_context's thread; never called after its destruction.
struct DhcpHandlers {
    std::function<void()> on_ready;  ///< the server listens
    std::function<void(const DhcpMessage&)> on_message;
    /// The server ended by itself: how, and its last output. No other call follows.
    std::function<void(const std::string& problem)> on_death;
};

/// dnsmasq, serving the one address guest_address on tap_name in a namespace. It dies with this object, with
/// the thread that created it, and with the process.
class DhcpServer {
public:
    /// @param options   additional arguments of dnsmasq
    /// @param log_file  everything that dnsmasq prints, up to 4 MiB
    /// Throws a host Error if dnsmasq cannot be started.
    DhcpServer(boost::asio::io_context& io, const Netns& netns, Tap tap,
               const std::vector<std::string>& options, const std::filesystem::path& log_file,
               DhcpHandlers handlers);
    DhcpServer(const DhcpServer&) = delete;
    DhcpServer& operator=(const DhcpServer&) = delete;
    ~DhcpServer();

private:
    struct Child;
    static boost::asio::awaitable<void> follow(std::shared_ptr<Child> child);

    std::shared_ptr<Child> child_;  ///< shared with the coroutine that reads its log
};

}  // namespace lktest
