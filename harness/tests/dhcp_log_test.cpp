// SPDX-License-Identifier: MIT
#include "harness/net/dhcp_log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lktest {
namespace {

using DhcpKind = DhcpMessage::Kind;

std::vector<DhcpMessage> read_all(const std::vector<std::string>& lines) {
    DhcpLog log;
    std::vector<DhcpMessage> messages;
    for (const std::string& line : lines)
        if (const auto message = log.read(line))
            messages.push_back(*message);
    return messages;
}

// As dnsmasq 2.90 prints it, blanks at line ends included.
const std::vector<std::string> firmware_lease{
    "dnsmasq-dhcp[20160]: DHCP, IP range 192.168.2.10 -- 192.168.2.10, lease time 1h",
    "dnsmasq-dhcp[20160]: DHCP, sockets bound exclusively to interface tap0",
    "dnsmasq-dhcp[20160]: 16777216 available DHCP range: 192.168.2.10 -- 192.168.2.10",
    "dnsmasq-dhcp[20160]: 16777216 vendor class: PXEClient:Arch:00007:UNDI:003001",
    "dnsmasq-dhcp[20160]: 16777216 DHCPDISCOVER(tap0) 52:54:00:6c:6b:01 ",
    "dnsmasq-dhcp[20160]: 16777216 tags: tap0",
    "dnsmasq-dhcp[20160]: 16777216 DHCPOFFER(tap0) 192.168.2.10 52:54:00:6c:6b:01 ",
    "dnsmasq-dhcp[20160]: 16777216 sent size:  4 option: 54 server-identifier  192.168.2.1",
    "dnsmasq-dhcp[20160]: 50331648 available DHCP range: 192.168.2.10 -- 192.168.2.10",
    "dnsmasq-dhcp[20160]: 50331648 vendor class: PXEClient:Arch:00007:UNDI:003001",
    "dnsmasq-dhcp[20160]: 50331648 DHCPREQUEST(tap0) 192.168.2.10 52:54:00:6c:6b:01 ",
    "dnsmasq-dhcp[20160]: 50331648 DHCPACK(tap0) 192.168.2.10 52:54:00:6c:6b:01 ",
    "dnsmasq-dhcp[20160]: RTR-ADVERT(tap0) fd00:2::",
};

TEST(DhcpLog, ReadsALeaseStepByStep) {
    const auto messages = read_all(firmware_lease);
    ASSERT_EQ(messages.size(), 4u);
    const DhcpKind kinds[]{DhcpKind::discover, DhcpKind::offer, DhcpKind::request, DhcpKind::ack};
    for (std::size_t step = 0; step < 4; ++step) {
        EXPECT_EQ(messages[step].kind, kinds[step]);
        EXPECT_EQ(messages[step].address, step == 0 ? "" : "192.168.2.10");
        EXPECT_EQ(messages[step].mac, "52:54:00:6c:6b:01");
        EXPECT_EQ(messages[step].rest, "");
        EXPECT_TRUE(messages[step].firmware);
    }
}

TEST(DhcpLog, TheSystemsLeaseIsNotTheFirmwaresEvenUnderItsTransactionNumbers) {
    std::vector<std::string> lines = firmware_lease;
    lines.insert(lines.end(),
                 {
                     "dnsmasq-dhcp[20160]: 50331648 vendor class: udhcp 1.35.0",
                     "dnsmasq-dhcp[20160]: 50331648 DHCPREQUEST(tap0) 192.168.2.10 52:54:00:6c:6b:01 ",
                     "dnsmasq-dhcp[20160]: 50331648 DHCPACK(tap0) 192.168.2.10 52:54:00:6c:6b:01 recovery",
                 });
    const auto messages = read_all(lines);
    ASSERT_EQ(messages.size(), 6u);
    EXPECT_FALSE(messages[4].firmware);
    EXPECT_FALSE(messages[5].firmware);
    EXPECT_EQ(messages[5].rest, "recovery");
}

TEST(DhcpLog, KnowsUefiHttpBootAsFirmware) {
    EXPECT_TRUE(read_all({"dnsmasq-dhcp[1]: 7 vendor class: HTTPClient:Arch:00016:UNDI:003001",
                          "dnsmasq-dhcp[1]: 7 DHCPDISCOVER(tap0) 52:54:00:6c:6b:01 "})
                    .at(0)
                    .firmware);
}

TEST(DhcpLog, KeepsWhyTheServerSaidNo) {
    const auto messages =
        read_all({"dnsmasq-dhcp[1]: 7 DHCPDISCOVER(tap0) 52:54:00:6c:6b:01 no address available",
                  "dnsmasq-dhcp[1]: 8 DHCPNAK(tap0) 10.0.0.5 52:54:00:6c:6b:01 wrong network"});
    ASSERT_EQ(messages.size(), 2u);
    EXPECT_EQ(messages[0].rest, "no address available");
    EXPECT_EQ(messages[1].kind, DhcpKind::nak);
    EXPECT_EQ(messages[1].rest, "wrong network");
}

TEST(DhcpLog, AGuestCannotForgeAMessageInANameOfItsOwn) {
    EXPECT_TRUE(
        read_all(
            {
                "dnsmasq-dhcp[1]: 7 vendor class: DHCPACK(tap0) 192.168.2.10 52:54:00:6c:6b:01",
                "dnsmasq-dhcp[1]: 7 client provides name: DHCPACK(tap0) 192.168.2.10 52:54:00:6c:6b:01 x",
                "7 DHCPACK(tap0) 192.168.2.10 52:54:00:6c:6b:01",
                "dnsmasq-dhcp[1]: DHCPACK(tap0)",
                "dnsmasq-dhcp[1]: 7 DHCPACK",
                "",
                std::string(100000, 'D'),
            })
            .empty());
}

}  // namespace
}  // namespace lktest
