// SPDX-License-Identifier: MIT
#include "harness/net/icmp.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lktest {
namespace {

/// An IPv4 packet around an ICMP message; only the fields that echo_reply reads are valid.
std::vector<std::uint8_t> packet(std::vector<std::uint8_t> message, std::uint8_t header_words = 5) {
    std::vector<std::uint8_t> bytes(std::size_t{4} * header_words);
    bytes[0] = static_cast<std::uint8_t>(0x40 | header_words);
    bytes.insert(bytes.end(), message.begin(), message.end());
    return bytes;
}

// Echo reply, identifier 0x6c6b, sequence 2, data "hi"; its checksum was calculated by hand:
// 0x6c6b + 0x0002 + 0x6869 = 0xd4d6, ~ = 0x2b29.
const std::vector<std::uint8_t> reply{0, 0, 0x2b, 0x29, 0x6c, 0x6b, 0, 2, 'h', 'i'};

TEST(Icmp, ARequestCarriesItsIdentityAndARightChecksum) {
    // 0x0800 + 0x6c6b + 0x0002 = 0x746d, ~ = 0x8b92
    EXPECT_EQ(echo_request({0x6c6b, 2}), (std::array<std::uint8_t, 8>{8, 0, 0x8b, 0x92, 0x6c, 0x6b, 0, 2}));
    // The carry wraps around: 0x0800 + 0xffff + 0xffff = 0x207fe, 0x07fe + 2 = 0x0800.
    EXPECT_EQ(echo_request({0xffff, 0xffff}),
              (std::array<std::uint8_t, 8>{8, 0, 0xf7, 0xff, 0xff, 0xff, 0xff, 0xff}));
}

TEST(Icmp, AReplySaysWhichRequestItAnswers) {
    EXPECT_EQ(echo_reply(packet(reply)), (Echo{0x6c6b, 2}));
    EXPECT_EQ(echo_reply(packet(reply, 15)), (Echo{0x6c6b, 2})) << "with IP options";
}

TEST(Icmp, AnythingElseIsNoReply) {
    const auto changed = [](std::size_t at, std::uint8_t value) {
        auto bytes = packet(reply);
        bytes[at] = value;
        return bytes;
    };
    EXPECT_FALSE(echo_reply(changed(0, 0x65))) << "IPv6";
    EXPECT_FALSE(echo_reply(changed(0, 0x44))) << "a header shorter than a header";
    EXPECT_FALSE(echo_reply(changed(0, 0x4f))) << "a header longer than the packet";
    const auto request = echo_request({0x6c6b, 2});
    EXPECT_FALSE(echo_reply(packet({request.begin(), request.end()}))) << "a request, with a right checksum";
    EXPECT_FALSE(echo_reply(changed(29, 'o'))) << "a wrong checksum";
    const auto whole = packet({0, 0, 0x93, 0x92, 0x6c, 0x6b, 0, 2});
    EXPECT_TRUE(echo_reply(whole));
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(echo_reply(std::span(whole).first(size))) << "cut at " << size;
}

}  // namespace
}  // namespace lktest
