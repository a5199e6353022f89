// SPDX-License-Identifier: MIT
#include "harness/net/tap.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <sstream>
#include <string>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"

namespace lktest {
namespace {

constexpr const char* tap_hint =
    "run lktest as root, let your user read and write /dev/net/tun, or use --network user";

ifreq request_for_tap() {
    ifreq request{};
    std::strcpy(request.ifr_name, tap_name);
    return request;
}

void make_device() {
    const UniqueFd tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    if (!tun)
        throw system_error("cannot open /dev/net/tun", errno, tap_hint);
    ifreq request = request_for_tap();
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (::ioctl(tun.get(), TUNSETIFF, &request) < 0 || ::ioctl(tun.get(), TUNSETPERSIST, 1) < 0)
        throw system_error("cannot create a tap device", errno, tap_hint);
}

sockaddr socket_address(const char* text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, text, &address.sin_addr);
    sockaddr plain{};
    std::memcpy(&plain, &address, sizeof plain);
    return plain;
}

void set_address_and_up() {
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq address = request_for_tap(), netmask = request_for_tap(), flags = request_for_tap();
    address.ifr_addr = socket_address(host_address);
    netmask.ifr_netmask = socket_address("255.255.255.0");
    flags.ifr_flags = IFF_UP;
    if (!socket || ::ioctl(socket.get(), SIOCSIFADDR, &address) < 0 ||
        ::ioctl(socket.get(), SIOCSIFNETMASK, &netmask) < 0 ||
        ::ioctl(socket.get(), SIOCSIFFLAGS, &flags) < 0)
        throw system_error("cannot set the address of the tap device", errno, tap_hint);
}

/// By netlink (rtnetlink(7)), the only way to skip duplicate address detection, which would wait for a
/// carrier until the guest starts.
bool set_address6() {
    const UniqueFd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    struct {
        nlmsghdr header;
        ifaddrmsg message;
        rtattr attribute;
        in6_addr address;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_NEWADDR;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
    request.message.ifa_family = AF_INET6;
    request.message.ifa_prefixlen = 64;
    request.message.ifa_flags = IFA_F_NODAD;
    request.message.ifa_index = ::if_nametoindex(tap_name);
    request.attribute.rta_len = RTA_LENGTH(sizeof request.address);
    request.attribute.rta_type = IFA_LOCAL;
    ::inet_pton(AF_INET6, host_address6, &request.address);
    struct {
        nlmsghdr header;
        nlmsgerr error;
        char rest[sizeof request];
    } reply{};
    return netlink && ::send(netlink.get(), &request, sizeof request, 0) == sizeof request &&
           ::recv(netlink.get(), &reply, sizeof reply, 0) > 0 && reply.header.nlmsg_type == NLMSG_ERROR &&
           reply.error.error == 0;
}

}  // namespace

Tap make_tap(const Netns& netns) {
    return netns.run([] {
        make_device();
        set_address_and_up();
        return Tap{set_address6()};
    });
}

TapTraffic tap_traffic(const Netns& netns) {
    std::istringstream devices(netns.run([] { return read_file("/proc/thread-self/net/dev"); }));
    TapTraffic traffic;
    for (std::string line; std::getline(devices, line);) {
        // "  tap0: BYTES PACKETS", six more counters for received data, then BYTES PACKETS for sent data.
        std::istringstream columns(line);
        std::string name;
        if (!(columns >> name) || name != std::string(tap_name) + ":")
            continue;
        std::uint64_t count[10] = {};
        for (std::uint64_t& value : count)
            columns >> value;
        traffic = {.from_guest = count[1], .to_guest = count[9]};
    }
    return traffic;
}

}  // namespace lktest
