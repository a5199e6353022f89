// SPDX-License-Identifier: MIT
#include "harness/net/tftp_packet.hpp"

#include <gtest/gtest.h>

namespace lktest {
namespace {

using namespace std::string_literals;

TEST(TftpPacket, ARequestHasItsPathAndOptions) {
    const auto plain = read_tftp_request("\0\1pxelinux.0\0octet\0"s);
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->path, "pxelinux.0");
    EXPECT_FALSE(plain->block_size || plain->size);
    const auto asks = read_tftp_request("\0\1//boot\\bcd\0OCTET\0TSIZE\0000\0blksize\0001024\0x\0y\0"s);
    ASSERT_TRUE(asks);
    EXPECT_EQ(asks->path, "boot/bcd");
    EXPECT_EQ(asks->block_size, 1024U);
    EXPECT_TRUE(asks->size);
    EXPECT_EQ(tftp_options(*asks, 77), "\0\6tsize\00077\0blksize\0001024\0"s);
    EXPECT_EQ(tftp_options(*plain, 77), "");
}

TEST(TftpPacket, ABlockFitsInOneFrame) {
    EXPECT_EQ(read_tftp_request("\0\1a\0octet\0blksize\00065464\0"s)->block_size, tftp_most_block_size);
    for (const std::string& size : {"7"s, "0"s, "-8"s, "99999999999"s, "12x"s, ""s})
        EXPECT_FALSE(read_tftp_request("\0\1a\0octet\0blksize\0"s + size + "\0"s)->block_size) << size;
}

TEST(TftpPacket, WhatIsNotARequestToReadIsRefused) {
    for (const std::string& packet :
         {""s, "\0"s, "\0\1"s, "\0\1a"s, "\0\1a\0"s, "\0\1a\0octet"s, "\0\1a\0netascii\0"s, "\0\2a\0octet\0"s,
          "\0\1"s + std::string(2000, 'a') + "\0octet\0"s})
        EXPECT_FALSE(read_tftp_request(packet)) << packet.size();
    EXPECT_TRUE(read_tftp_request("\0\1a\0octet\0blksize"s));  // half an option is none
}

TEST(TftpPacket, AcknowledgementsAndErrors) {
    EXPECT_EQ(read_tftp_ack("\0\4\1\2"s), 0x102);
    EXPECT_EQ(read_tftp_ack("\0\4\1"s), std::nullopt);
    EXPECT_EQ(read_tftp_ack("\0\3\1\2"s), std::nullopt);
    EXPECT_TRUE(is_tftp_error("\0\5\0\0"s));
    EXPECT_EQ(tftp_data(0xffff, "x"), "\0\3\xff\xffx"s);
    EXPECT_EQ(tftp_error(1, "no"), "\0\5\0\1no\0"s);
}

}  // namespace
}  // namespace lktest
