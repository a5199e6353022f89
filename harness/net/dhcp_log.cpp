// SPDX-License-Identifier: MIT
#include "harness/net/dhcp_log.hpp"

#include <re2/re2.h>

#include <array>
#include <utility>

#include "builder/base/re2_text.hpp"

namespace lktest {
namespace {

constexpr std::array kinds{
    std::pair{"DISCOVER", DhcpMessage::Kind::discover}, std::pair{"OFFER", DhcpMessage::Kind::offer},
    std::pair{"REQUEST", DhcpMessage::Kind::request},   std::pair{"ACK", DhcpMessage::Kind::ack},
    std::pair{"NAK", DhcpMessage::Kind::nak},
};

// "dnsmasq-dhcp[12]: 2846204125 DHCPACK(tap0) 192.168.2.10 52:54:00:6c:6b:01 recovery".
// Anchored, because other lines quote text that the guest chooses.
constexpr const char* message_line =
    R"(dnsmasq-dhcp\[\d+\]: (\d+) DHCP(DISCOVER|OFFER|REQUEST|ACK|NAK)\([^)]*\) )"
    R"((?:(\d+\.\d+\.\d+\.\d+) )?([0-9a-f:]{17})(?: (.*?))?\s*)";
// "dnsmasq-dhcp[12]: 2846204125 vendor class: PXEClient:Arch:00007:UNDI:003001"
constexpr const char* firmware_line = R"(dnsmasq-dhcp\[\d+\]: (\d+) vendor class: (?:PXE|HTTP)Client\b.*)";

}  // namespace

std::optional<DhcpMessage> DhcpLog::read(std::string_view line) {
    static const re2::RE2 firmware(firmware_line), message(message_line);
    if (re2::RE2::FullMatch(to_re2(line), firmware, &firmware_transaction_))
        return std::nullopt;
    DhcpMessage found;
    std::string transaction, kind;
    if (!re2::RE2::FullMatch(to_re2(line), message, &transaction, &kind, &found.address, &found.mac,
                             &found.rest))
        return std::nullopt;
    for (const auto& [name, value] : kinds)
        if (kind == name)
            found.kind = value;
    found.firmware = transaction == firmware_transaction_;
    // Some clients reuse one transaction number forever; each question names its class again.
    if (found.kind != DhcpMessage::Kind::discover && found.kind != DhcpMessage::Kind::request)
        firmware_transaction_.clear();
    return found;
}

}  // namespace lktest
