// SPDX-License-Identifier: MIT
#include "harness/net/tftp.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <list>
#include <optional>
#include <string_view>
#include <utility>

#include "builder/base/beneath.hpp"
#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "harness/net/tftp_packet.hpp"

namespace lktest {
namespace asio = boost::asio;
namespace fs = std::filesystem;
using asio::ip::udp;
using boost::system::error_code;
namespace {

// The guest may be broken or hostile, so everything it starts is limited.
constexpr std::size_t transfers_limit = 32;
constexpr auto first_retry = std::chrono::milliseconds(500);
constexpr auto last_retry = std::chrono::seconds(4);
constexpr int tries = 12;
constexpr std::uint16_t not_found = 1, illegal = 4;
constexpr std::size_t longest_packet = 2048;

}  // namespace

struct TftpServer::Site {
    Site(asio::io_context& its_io, const Netns& its_netns, const fs::path& directory, OnServed its_handler)
        : io(its_io),
          netns(its_netns),
          port(its_io),
          root(open_directory(directory)),
          on_served(std::move(its_handler)) {}

    /// One file on its way to one client, from a separate port.
    struct Transfer {
        Transfer(asio::io_context& io, udp::endpoint its_client)
            : client(its_client), socket(io), retry(io) {}
        udp::endpoint client;
        udp::socket socket;
        asio::steady_timer retry;
        unsigned sent = 0;  ///< packets; a timer for an earlier one may still fire
        bool late = false;  ///< the last packet was not answered
    };
    using TransferPtr = std::shared_ptr<Transfer>;

    asio::io_context& io;
    const Netns& netns;  ///< outlives the server object; not used after that is destroyed
    udp::socket port;
    UniqueFd root;
    OnServed on_served;
    bool owned = true;  ///< false after the server object is destroyed
    std::list<TransferPtr> transfers;

    static asio::awaitable<void> listen(std::shared_ptr<Site> site);
    static asio::awaitable<void> serve(std::shared_ptr<Site> site, TransferPtr transfer, TftpRequest request);
    static asio::awaitable<bool> exchange(TransferPtr transfer, std::string packet, std::uint16_t block);
    static asio::awaitable<bool> send_file(TransferPtr transfer, TftpRequest request, int file,
                                           std::uint64_t size);

    /// Opens a socket connected to a client, so that packets of others do not arrive there.
    bool open(Transfer& transfer) const {
        error_code error;
        netns.run([&] { return transfer.socket.open(udp::v4(), error); });
        if (!error)
            error = transfer.socket.connect(transfer.client, error);
        return !error;
    }
    void tell(const ServedFile& served) const {
        if (owned)
            on_served(served);
    }
};

/// Sends a packet until its block is acknowledged. Returns false if the client is silent or refuses.
asio::awaitable<bool> TftpServer::Site::exchange(TransferPtr transfer, std::string packet,
                                                 std::uint16_t block) {
    std::array<char, longest_packet> answer{};
    std::chrono::steady_clock::duration patience = first_retry;
    for (int attempt = 0; attempt < tries; ++attempt) {
        error_code error;
        const auto bytes = asio::buffer(packet);
        co_await transfer->socket.async_send(bytes, asio::redirect_error(asio::use_awaitable, error));
        transfer->late = false;
        const auto give_up = [transfer, mine = ++transfer->sent](const error_code& cancelled) {
            error_code ignored;
            if (cancelled || transfer->sent != mine)
                return;
            transfer->late = true;
            transfer->socket.cancel(ignored);
        };
        transfer->retry.expires_after(patience);
        transfer->retry.async_wait(give_up);
        while (!error) {
            const auto room = asio::buffer(answer);
            const std::size_t size = co_await transfer->socket.async_receive(
                room, asio::redirect_error(asio::use_awaitable, error));
            const std::string_view said(answer.data(), error ? 0 : size);
            // Ignore answers to copies of earlier blocks.
            if (!error && read_tftp_ack(said) == block) {
                ++transfer->sent;
                transfer->retry.cancel();
                co_return true;
            }
            if (!error && is_tftp_error(said))
                error = asio::error::eof;
        }
        ++transfer->sent;
        transfer->retry.cancel();
        if (!transfer->late)
            co_return false;  // refused, or the server is destroyed
        patience = std::min<std::chrono::steady_clock::duration>(patience * 2, last_retry);
    }
    co_return false;
}

asio::awaitable<bool> TftpServer::Site::send_file(TransferPtr transfer, TftpRequest request, int file,
                                                  std::uint64_t size) {
    const std::size_t block_size = request.block_size.value_or(tftp_block_size);
    if (std::string options = tftp_options(request, size); !options.empty()) {
        const bool agreed = co_await exchange(transfer, std::move(options), 0);
        if (!agreed)
            co_return false;
    }
    std::array<std::byte, tftp_most_block_size> bytes{};
    for (std::uint64_t at = 0;; at += block_size) {
        const std::size_t count = read_at(file, at, std::span(bytes).first(block_size), request.path);
        // In a large file the block numbers wrap around, as every client expects.
        const auto block = static_cast<std::uint16_t>(at / block_size + 1);
        const std::string_view content(reinterpret_cast<const char*>(bytes.data()), count);
        const bool arrived = co_await exchange(transfer, tftp_data(block, content), block);
        if (!arrived || count < block_size)
            co_return arrived;
    }
}

asio::awaitable<void> TftpServer::Site::serve(std::shared_ptr<Site> site, TransferPtr transfer,
                                              TftpRequest request) {
    ServedFile served{.path = request.path, .client = transfer->client.address().to_string()};
    const fs::path path(request.path);
    const bool inside = std::ranges::none_of(path, [](const fs::path& part) { return part == ".."; });
    const UniqueFd file = inside ? open_beneath(site->root.get(), path) : UniqueFd();
    struct stat facts {};
    if (file && ::fstat(file.get(), &facts) == 0) {
        served.found = true;
        served.size = static_cast<std::uint64_t>(facts.st_size);
        try {
            served.sent = co_await send_file(transfer, request, file.get(), served.size);
        } catch (const Error&) {  // the disk fails: the client gets no more data
        }
    } else {
        error_code ignored;
        const std::string refusal = tftp_error(not_found, "not found");
        transfer->socket.send(asio::buffer(refusal), 0, ignored);
    }
    site->tell(served);
    site->transfers.remove(transfer);
}

asio::awaitable<void> TftpServer::Site::listen(std::shared_ptr<Site> site) {
    std::array<char, longest_packet> packet{};
    while (site->owned) {
        error_code error;
        udp::endpoint client;
        const auto room = asio::buffer(packet);
        const std::size_t size = co_await site->port.async_receive_from(
            room, client, asio::redirect_error(asio::use_awaitable, error));
        if (error || !site->owned)
            continue;
        // A request that is repeated before its answer has arrived.
        const bool known = std::ranges::any_of(
            site->transfers, [&client](const TransferPtr& other) { return other->client == client; });
        if (known || site->transfers.size() >= transfers_limit)
            continue;
        auto request = read_tftp_request({packet.data(), size});
        if (!request) {
            const std::string refusal = tftp_error(illegal, "only files are sent, in binary mode");
            site->port.send_to(asio::buffer(refusal), client, 0, error);
            continue;
        }
        const auto transfer = std::make_shared<Transfer>(site->io, client);
        if (!site->open(*transfer))
            continue;
        site->transfers.push_back(transfer);
        auto serving = serve(site, transfer, std::move(*request));
        asio::co_spawn(site->io, std::move(serving), asio::detached);
    }
}

TftpServer::TftpServer(asio::io_context& io, const Netns& netns, const fs::path& directory,
                       OnServed on_served)
    : site_(std::make_shared<Site>(io, netns, directory, std::move(on_served))) {
    try {
        netns.run([this] {
            site_->port.open(udp::v4());
            site_->port.bind({udp::v4(), 69});
        });
    } catch (const boost::system::system_error& error) {
        throw system_error("cannot serve on port 69 of a cell's network", error.code().value());
    }
    asio::co_spawn(io, Site::listen(site_), asio::detached);
}

TftpServer::~TftpServer() {
    error_code ignored;
    site_->owned = false;
    site_->port.close(ignored);
    for (const Site::TransferPtr& transfer : site_->transfers) {
        transfer->retry.cancel();
        transfer->socket.close(ignored);
    }
}

}  // namespace lktest
