// SPDX-License-Identifier: MIT
#include "harness/diagnose/network_cards.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/diagnose/pointers.hpp"

namespace lktest {
namespace {

constexpr std::size_t most_devices = 256;
constexpr std::size_t name_size = 16;    // IFNAMSIZ
constexpr std::size_t address_size = 6;  // ETH_ALEN
constexpr std::uint16_t ethernet = 1;    // ARPHRD_ETHER, include/uapi/linux/if_arp.h
constexpr std::uint32_t is_up = 1;       // IFF_UP, include/uapi/linux/if.h

std::string mac_of(const std::string& bytes) {
    const std::vector<unsigned char> octets(bytes.begin(), bytes.end());
    return fmt::format("{:02x}", fmt::join(octets, ":"));
}

}  // namespace

std::optional<std::vector<NetworkCard>> read_network_cards(const AddressSpace& space,
                                                           const KernelTypes& types, std::uint64_t task) {
    // struct net_device, include/linux/netdevice.h
    const auto head = types.offset("net", "dev_base_head"), node = types.offset("net_device", "dev_list"),
               name = types.offset("net_device", "name"), kind = types.offset("net_device", "type"),
               flags = types.offset("net_device", "flags");
    const std::uint64_t net = follow(space, types, task, "task_struct", "nsproxy", "nsproxy", "net_ns");
    if (net == 0 || !head || !node || !name || !kind || !flags)
        return std::nullopt;
    std::vector<NetworkCard> cards;
    std::uint64_t at = net + *head;
    for (std::size_t i = 0; i < most_devices; ++i) {
        const auto next = space.value<std::uint64_t>(at);
        if (!next || !in_kernel_half(*next))
            return std::nullopt;
        if (*next == net + *head)
            break;
        at = *next;
        const std::uint64_t device = at - *node;
        if (space.value<std::uint16_t>(device + *kind) != ethernet)
            continue;
        const std::uint64_t address = follow(space, types, device, "net_device", "dev_addr");
        const std::uint64_t driver = follow(space, types, device, "net_device", "dev.parent", "device",
                                            "driver", "device_driver", "name");
        cards.push_back({.name = space.text_at(device + *name, name_size),
                         .mac = mac_of(space.bytes_at(address, address_size)),
                         .driver = driver != 0 ? space.text_at(driver, 64) : "",
                         .up = (space.value<std::uint32_t>(device + *flags).value_or(0) & is_up) != 0});
    }
    return cards;
}

}  // namespace lktest
