// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "builder/base/deadline.hpp"
#include "harness/net/netns.hpp"

namespace lktest {

/// Path → response to a GET.
using Pages = std::map<std::string, std::string>;

/// A GET that was answered completely, after which the client closed.
struct ServedPage {
    std::string path;
    std::string client;   ///< address
    unsigned status = 0;  ///< 200, or 404 for an unknown path
};

/// A small web server on port 80 of a namespace.
class HttpServer {
public:
    using OnServed = std::function<void(const ServedPage&)>;

    /// @param on_served    called on the io_context's thread; never after this object is destroyed
    /// @param directories  files of the first directory take precedence over the next one's. Links never lead
    /// outside
    ///                     of these directories
    HttpServer(boost::asio::io_context& io, const Netns& netns, Pages pages, OnServed on_served,
               const std::vector<std::filesystem::path>& directories = {});
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer();

private:
    struct Site;
    std::shared_ptr<Site> site_;  ///< shared with the coroutines that serve it
};

/// The reply of a web server.
struct HttpReply {
    unsigned status = 0;  ///< 0 if the reply is not HTTP
    std::string body;     ///< at most 1 MiB; a longer one is a problem
    std::string problem;  ///< why there is no reply; empty if there is one
};

/// GET http://host/path from inside the namespace.
/// @param stop  ends the wait early, called on the io_context's thread
boost::asio::awaitable<HttpReply> fetch(const Netns& netns, boost::asio::ip::address host, std::string path,
                                        Deadline deadline, std::stop_token stop = {});

}  // namespace lktest
