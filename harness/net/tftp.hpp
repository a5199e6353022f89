// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "harness/net/netns.hpp"

namespace lktest {

/// A requested file, and whether it was sent.
struct ServedFile {
    std::string path;    ///< as the client wrote it, without leading slashes
    std::string client;  ///< address
    bool found = false;
    bool sent = false;  ///< to its last byte
    std::uint64_t size = 0;
};

/// A TFTP server for one directory, on port 69 of a namespace. dnsmasq has one too, but it follows links to
/// any file of the host, and can read only what its user can.
class TftpServer {
public:
    using OnServed = std::function<void(const ServedFile&)>;

    /// @param on_served  called on the io_context's thread; never after this object is destroyed
    /// Throws an Error if the port or the directory cannot be opened.
    TftpServer(boost::asio::io_context& io, const Netns& netns, const std::filesystem::path& directory,
               OnServed on_served);
    TftpServer(const TftpServer&) = delete;
    TftpServer& operator=(const TftpServer&) = delete;
    ~TftpServer();

private:
    struct Site;
    std::shared_ptr<Site> site_;  ///< shared with the coroutines that serve it
};

}  // namespace lktest
