// SPDX-License-Identifier: MIT
#include "harness/tests/support/wired_guest.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "builder/base/error.hpp"
#include "builder/base/process.hpp"
#include "harness/net/tap.hpp"

namespace lktest {
namespace asio = boost::asio;
namespace {

constexpr std::array<std::uint8_t, 6> mac{0x52, 0x54, 0x00, 0x6c, 0x6b, 0x01};  // guest_mac

UniqueFd open_tap(const char* name) {
    UniqueFd tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
    ifreq request{};
    std::strcpy(request.ifr_name, name);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (!tun || ::ioctl(tun.get(), TUNSETIFF, &request) < 0)
        throw system_error("cannot open a tap", errno);
    return tun;
}

/// A BOOTP message (RFC 951) with DHCP options (RFC 2132).
std::vector<std::uint8_t> dhcp_message(std::uint8_t type, const std::string& client_id,
                                       const std::string& vendor_class, const in_addr* wanted,
                                       const in_addr* server) {
    std::vector<std::uint8_t> message(236);
    message[0] = 1;      // BOOTREQUEST
    message[1] = 1;      // Ethernet
    message[2] = 6;      // length of its addresses
    message[4] = type;   // transaction
    message[10] = 0x80;  // answer by broadcast
    std::copy(mac.begin(), mac.end(), message.begin() + 28);
    const auto append = [&](std::initializer_list<std::uint8_t> bytes) {
        message.insert(message.end(), bytes);
    };
    const auto option = [&](std::uint8_t code, const void* data, std::size_t size) {
        append({code, static_cast<std::uint8_t>(size)});
        const auto* bytes = static_cast<const std::uint8_t*>(data);
        message.insert(message.end(), bytes, bytes + size);
    };
    append({99, 130, 83, 99});
    option(53, &type, 1);
    if (!client_id.empty())
        option(61, client_id.data(), client_id.size());
    if (!vendor_class.empty())
        option(60, vendor_class.data(), vendor_class.size());
    if (wanted)
        option(50, wanted, 4);
    if (server)
        option(54, server, 4);
    append({255});
    return message;
}

/// A DHCP client's socket, in the namespace of the calling thread.
class DhcpSocket {
public:
    DhcpSocket() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        const int yes = 1;
        const timeval patience{5, 0};
        sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_port = htons(68);
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes);
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5);
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) < 0)
            throw system_error("cannot bind the DHCP client's port", errno);
    }

    void send(const std::vector<std::uint8_t>& message) {
        sockaddr_in all{};
        all.sin_family = AF_INET;
        all.sin_port = htons(67);
        all.sin_addr.s_addr = INADDR_BROADCAST;
        if (::sendto(fd_.get(), message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&all),
                     sizeof all) < 0)
            throw system_error("cannot send to the DHCP server", errno);
    }

    /// The address offered or leased in the answer, if one comes.
    bool receive(in_addr& address) {
        std::array<std::uint8_t, 1500> answer{};
        if (::recv(fd_.get(), answer.data(), answer.size(), 0) < 240)
            return false;
        std::memcpy(&address, &answer[16], sizeof address);
        return true;
    }

private:
    UniqueFd fd_;
};

}  // namespace

struct WiredGuest::Cable {
    explicit Cable(asio::io_context& io) : cell(io), guest(io) {}

    asio::posix::stream_descriptor cell, guest;

    static asio::awaitable<void> carry(std::shared_ptr<Cable> cable, bool outward) {
        auto& from = outward ? cable->guest : cable->cell;
        auto& to = outward ? cable->cell : cable->guest;
        std::array<char, 65536> frame{};
        boost::system::error_code error;
        while (from.is_open()) {
            const auto room = asio::buffer(frame);
            const std::size_t size =
                co_await from.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
            const auto content = asio::buffer(frame, size);
            if (size > 0)
                co_await to.async_write_some(content, asio::redirect_error(asio::use_awaitable, error));
        }
    }
};

WiredGuest::WiredGuest(asio::io_context& io, const Netns& cell) : cable_(std::make_shared<Cable>(io)) {
    cable_->cell.assign(cell.run([] { return open_tap(tap_name); }).release());
    cable_->guest.assign(netns_.run([] { return open_tap("eth0"); }).release());
    sh(std::string("ip link set eth0 address ") + guest_mac + " up");
    for (const bool outward : {true, false}) {
        auto carrying = Cable::carry(cable_, outward);
        asio::co_spawn(io, std::move(carrying), asio::detached);
    }
}

WiredGuest::~WiredGuest() {
    cable_->cell.close();
    cable_->guest.close();
}

std::string WiredGuest::sh(const std::string& command) const {
    const ProcessResult result = netns_.run([&] {
        return run_process({"sh", "-c", command}, {std::chrono::seconds(60), {}, {}});
    });
    EXPECT_EQ(result.status, 0) << command << "\n" << result.out << result.err;
    return result.out;
}

std::string WiredGuest::lease(const std::string& client_id, const std::string& vendor_class) const {
    constexpr std::uint8_t discover = 1, request = 3;
    return netns_.run([&]() -> std::string {
        DhcpSocket socket;
        in_addr address{}, server{};
        ::inet_pton(AF_INET, host_address, &server);
        socket.send(dhcp_message(discover, client_id, vendor_class, nullptr, nullptr));
        if (!socket.receive(address))
            return "";
        socket.send(dhcp_message(request, client_id, vendor_class, &address, &server));
        if (!socket.receive(address))
            return "";
        std::array<char, INET_ADDRSTRLEN> text{};
        return ::inet_ntop(AF_INET, &address, text.data(), text.size());
    });
}

void WiredGuest::discover() const {
    netns_.run([] {
        DhcpSocket socket;
        in_addr address{};
        socket.send(dhcp_message(1, "", "", nullptr, nullptr));
        EXPECT_TRUE(socket.receive(address));
    });
}

void WiredGuest::join() const {
    const std::string address = lease("", "");
    EXPECT_EQ(address, guest_address);
    sh("ip address add " + address + "/24 dev eth0");
}

}  // namespace lktest
