// SPDX-License-Identifier: MIT
#include "harness/net/http.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "builder/base/beneath.hpp"
#include "builder/base/error.hpp"
#include "harness/net/netboot.hpp"

namespace lktest {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace fs = std::filesystem;
using asio::ip::tcp;
using boost::system::error_code;
namespace {

// The guest may be broken or hostile, so everything it sends is limited.
constexpr std::size_t header_limit = 8 << 10;
constexpr std::size_t body_limit = 1 << 20;
constexpr std::size_t connections_limit = 32;
constexpr auto connection_time = std::chrono::seconds(30);
constexpr auto file_time = std::chrono::minutes(10);  // for a layer, to an emulated guest

using Response = http::response<http::string_body>;
using FileResponse = http::response<http::file_body>;

std::uint64_t size_of(const UniqueFd& file) {
    struct stat facts {};
    return ::fstat(file.get(), &facts) < 0 ? 0 : static_cast<std::uint64_t>(facts.st_size);
}

/// @param file  the requested file, if there is one
Response respond(const http::request_header<>& request, const Pages& pages, const UniqueFd& file) {
    const auto page = pages.find(std::string(request.target()));
    const bool head = request.method() == http::verb::head;
    Response response;
    response.version(11);
    response.keep_alive(false);
    response.set(http::field::server, "lktest");
    response.set(http::field::content_type, "text/plain");
    if (request.method() != http::verb::get && !head) {
        response.result(http::status::method_not_allowed);
    } else if (page == pages.end() && !file) {
        response.result(http::status::not_found);
        response.body() = "not found\n";
    } else if (!file) {
        response.body() = page->second;
    }
    response.prepare_payload();
    if (head)
        response.body().clear();
    if (head && file)
        response.content_length(size_of(file));  // UEFI queries it before it fetches
    return response;
}

/// The response with the file's content; unset if it cannot be read.
std::optional<FileResponse> respond(UniqueFd file) {
    FileResponse response;
    error_code error;
    beast::file opened;
    opened.native_handle(file.release());
    response.body().reset(std::move(opened), error);
    if (error)
        return std::nullopt;
    response.version(11);
    response.keep_alive(false);
    response.set(http::field::server, "lktest");
    response.set(http::field::content_type, "application/octet-stream");
    response.prepare_payload();
    return response;
}

}  // namespace

struct HttpServer::Site {
    Site(asio::io_context& io, Pages its_pages, const std::vector<fs::path>& its_directories,
         OnServed its_handler)
        : acceptor(io), pages(std::move(its_pages)), on_served(std::move(its_handler)) {
        for (const fs::path& directory : its_directories)
            directories.push_back(open_directory(directory));
    }

    tcp::acceptor acceptor;
    Pages pages;
    std::vector<UniqueFd> directories;
    OnServed on_served;
    bool owned = true;  ///< false after the server object is destroyed
    std::list<beast::tcp_stream> connections;

    static asio::awaitable<void> accept(std::shared_ptr<Site> site);
    static asio::awaitable<void> serve(std::shared_ptr<Site> site,
                                       std::list<beast::tcp_stream>::iterator stream);
};

asio::awaitable<void> HttpServer::Site::serve(std::shared_ptr<Site> site,
                                              std::list<beast::tcp_stream>::iterator stream) {
    error_code error;
    stream->expires_after(connection_time);
    const auto peer = stream->socket().remote_endpoint(error);
    beast::flat_buffer buffer(header_limit + body_limit);
    std::array<char, 1024> chunk{};
    http::request_parser<http::string_body> request;
    request.header_limit(header_limit);
    request.body_limit(header_limit);
    if (!error)
        co_await http::async_read(*stream, buffer, request, asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
        unsigned status = 200;
        UniqueFd file;
        for (const UniqueFd& directory : site->directories)
            if (!file)
                file = served_file(directory.get(), std::string(request.get().target()));
        std::optional<FileResponse> whole;
        if (file && request.get().method() == http::verb::get)
            whole = respond(std::move(file));
        if (whole) {
            stream->expires_after(file_time);
            co_await http::async_write(*stream, *whole, asio::redirect_error(asio::use_awaitable, error));
        } else {
            Response response = respond(request.get(), site->pages, file);
            status = response.result_int();
            co_await http::async_write(*stream, response, asio::redirect_error(asio::use_awaitable, error));
        }
        const bool written = !error;
        if (written)
            error = stream->socket().shutdown(tcp::socket::shutdown_send, error);
        const auto rest = asio::buffer(chunk);
        while (!error)
            co_await stream->async_read_some(rest, asio::redirect_error(asio::use_awaitable, error));
        // Written does not mean received. A client that closes in any way has its answer.
        const bool closed = error == asio::error::eof || error == asio::error::connection_reset;
        const ServedPage served{std::string(request.get().target()), peer.address().to_string(), status};
        if (written && closed && request.get().method() == http::verb::get && site->owned)
            site->on_served(served);
    }
    site->connections.erase(stream);
}

asio::awaitable<void> HttpServer::Site::accept(std::shared_ptr<Site> site) {
    const auto executor = co_await asio::this_coro::executor;
    while (site->owned) {
        error_code error;
        tcp::socket socket(executor);
        co_await site->acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
        if (error && site->owned) {  // out of descriptors: avoid a busy loop
            asio::steady_timer pause(executor, std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::use_awaitable);
        }
        if (error || site->connections.size() >= connections_limit)
            continue;  // the socket closes
        site->connections.emplace_back(std::move(socket));
        auto serving = serve(site, std::prev(site->connections.end()));
        asio::co_spawn(executor, std::move(serving), asio::detached);
    }
}

HttpServer::HttpServer(asio::io_context& io, const Netns& netns, Pages pages, OnServed on_served,
                       const std::vector<fs::path>& directories)
    : site_(std::make_shared<Site>(io, std::move(pages), directories, std::move(on_served))) {
    try {
        netns.run([this] {
            const tcp::endpoint port(tcp::v4(), 80);
            site_->acceptor.open(port.protocol());
            site_->acceptor.set_option(tcp::acceptor::reuse_address(true));
            site_->acceptor.bind(port);
            site_->acceptor.listen();
        });
    } catch (const boost::system::system_error& error) {
        throw system_error("cannot serve on port 80 of a cell's network", error.code().value());
    }
    asio::co_spawn(io, Site::accept(site_), asio::detached);
}

HttpServer::~HttpServer() {
    site_->owned = false;
    site_->acceptor.close();
    for (beast::tcp_stream& connection : site_->connections)
        connection.close();
}

asio::awaitable<HttpReply> fetch(const Netns& netns, asio::ip::address host, std::string path,
                                 Deadline deadline, std::stop_token stop) {
    const auto executor = co_await asio::this_coro::executor;
    const tcp::endpoint server(host, 80);
    beast::tcp_stream stream(executor);
    const std::stop_callback on_stop(stop, [&stream] { stream.close(); });
    error_code error;
    netns.run([&] { return stream.socket().open(server.protocol(), error); });
    stream.expires_at(deadline);
    if (!error)
        co_await stream.async_connect(server, asio::redirect_error(asio::use_awaitable, error));
    if (error)
        co_return HttpReply{0, "", fmt::format("cannot connect: {}", error.message())};

    http::request<http::empty_body> request(http::verb::get, path, 11);
    request.set(http::field::host, host.to_string());
    request.set(http::field::user_agent, "lktest");
    request.set(http::field::connection, "close");
    co_await http::async_write(stream, request, asio::redirect_error(asio::use_awaitable, error));

    beast::flat_buffer buffer(header_limit + body_limit);
    http::response_parser<http::string_body> response;
    response.header_limit(header_limit);
    response.body_limit(body_limit);
    if (!error)
        co_await http::async_read(stream, buffer, response, asio::redirect_error(asio::use_awaitable, error));
    if (error)
        co_return HttpReply{0, "", fmt::format("incomplete answer: {}", error.message())};
    co_return HttpReply{response.get().result_int(), std::move(response.get().body()), ""};
}

}  // namespace lktest
