// SPDX-License-Identifier: MIT
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "builder/base/beneath.hpp"
#include "builder/base/file.hpp"
#include "harness/boot/control.hpp"
#include "harness/fuzz/readers.hpp"
#include "harness/net/dhcp_log.hpp"
#include "harness/net/icmp.hpp"
#include "harness/net/netboot.hpp"
#include "harness/net/tftp_packet.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

/// A request, and the file that it means.
void http_request(const std::string& bytes) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(8 << 10);
    parser.body_limit(8 << 10);
    parser.eager(true);
    boost::system::error_code error;
    parser.put(asio::buffer(bytes), error);
    if (error || !parser.is_header_done())
        return;
    const TempDir tree;
    write_file(tree.path() / "vmlinuz", "kernel");
    served_file(open_directory(tree.path()).get(), std::string(parser.get().target()));
}

void dhcp_log(const std::string& bytes) {
    DhcpLog log;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
        log.read(std::string_view(bytes).substr(at, end - at));
        at = end + 1;
    }
}

void tftp(const std::string& bytes) {
    if (const auto request = read_tftp_request(bytes))
        tftp_options(*request, 7);
    read_tftp_ack(bytes);
    is_tftp_error(bytes);
}

/// What another program of the user asks a run, which has no guest.
void control(const std::string& bytes) {
    const TempDir directory;
    asio::io_context io;
    LiveGuests guests;
    const Control served(io, directory.path(), guests, std::chrono::milliseconds(50));
    asio::local::stream_protocol::socket client(io);
    boost::system::error_code error;
    client.connect((directory.path() / control_name).string(), error);
    client.non_blocking(true, error);
    asio::write(client, asio::buffer(bytes.substr(0, 60'000)), error);
    client.shutdown(asio::socket_base::shutdown_send, error);
    for (int turns = 0; turns < 20; ++turns)
        io.poll();
}

std::vector<std::string> requests() {
    return {"GET /vmlinuz HTTP/1.1\r\nHost: 192.168.2.1\r\nUser-Agent: UefiHttpBoot/1.0\r\n\r\n",
            "HEAD /a/../%2e%2e/etc/passwd?x HTTP/1.0\r\n\r\n",
            "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"};
}

std::vector<std::string> leases() {
    return {
        "dnsmasq-dhcp: 1234567 vendor class: PXEClient:Arch:00007:UNDI:003000\n"
        "dnsmasq-dhcp: 1234567 DHCPDISCOVER(tap0) 52:54:00:6c:6b:01\n"
        "dnsmasq-dhcp: 1234567 DHCPOFFER(tap0) 192.168.2.10 52:54:00:6c:6b:01\n"
        "dnsmasq-dhcp: 1234567 DHCPACK(tap0) 192.168.2.10 52:54:00:6c:6b:01 live\n"};
}

std::vector<std::string> packets() {
    using namespace std::string_literals;
    return {"\0\1boot\\bootx64.efi\0octet\0tsize\0000\0blksize\0001468\0"s, "\0\4\0\1"s, "\0\5\0\0stop\0"s};
}

std::vector<std::string> questions() {
    return {
        "{\"do\": \"diagnose\", \"cell\": \"boot.recovery\", \"into\": \"/nonexistent\", \"core\": null}\n",
        "{\"do\": \"attach\", \"cell\": \"\"}\n"};
}

}  // namespace

std::vector<FuzzReader> network_readers() {
    return {{"http_request", http_request, requests},
            {"dhcp_log", dhcp_log, leases},
            {"tftp", tftp, packets},
            {"control", control, questions, 100}};
}

}  // namespace lktest
