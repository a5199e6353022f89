// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "harness/net/netns.hpp"

namespace lktest {

/// A guest without a machine: a network namespace whose eth0 is wired to the tap of a cell, opened like QEMU
/// opens it. Frames pass while the io_context runs, so the guest's actions run in another thread.
class WiredGuest {
public:
    WiredGuest(boost::asio::io_context& io, const Netns& cell);
    WiredGuest(const WiredGuest&) = delete;
    WiredGuest& operator=(const WiredGuest&) = delete;
    ~WiredGuest();

    const Netns& netns() const { return netns_; }

    /// Runs a shell command in the guest and returns its output. Fails the test if the command fails.
    std::string sh(const std::string& command) const;

    /// DISCOVER, OFFER, REQUEST, ACK: returns the leased address, or "" if the server is silent for 5 s.
    /// @param client_id     option 61, as text; @param vendor_class  option 60
    std::string lease(const std::string& client_id, const std::string& vendor_class) const;

    /// Runs only the first half: DISCOVER, OFFER.
    void discover() const;

    /// Joins the network like a live system: gets a lease, and sets eth0's address.
    void join() const;

private:
    struct Cable;
    Netns netns_;
    std::shared_ptr<Cable> cable_;
};

}  // namespace lktest
