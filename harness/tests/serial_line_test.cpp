// SPDX-License-Identifier: MIT
#include "harness/machine/serial_line.hpp"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;

/// Plays QEMU: listens on a socket, as a guest's serial port does.
class SerialLineTest : public testing::Test {
protected:
    SerialLine connect() {
        return SerialLine(io_, path_, [this](std::string_view bytes) {
            if (bytes.empty())
                closed_ = true;
            heard_ += bytes;
        });
    }

    TempDir directory_;
    std::filesystem::path path_ = directory_.path() / "serial";
    asio::io_context io_;
    Protocol::acceptor qemu_{io_, Protocol::endpoint(path_.string())};
    std::string heard_;
    bool closed_ = false;
};

TEST_F(SerialLineTest, HearsEveryByteUntilTheGuestIsGone) {
    const SerialLine line = connect();
    {
        Protocol::socket guest = qemu_.accept();
        asio::write(guest, asio::buffer(std::string(100'000, 'x')));
    }
    io_.run();
    EXPECT_EQ(heard_.size(), 100'000U);
    EXPECT_TRUE(closed_);
}

TEST_F(SerialLineTest, TypesToTheGuest) {
    SerialLine line = connect();
    Protocol::socket guest = qemu_.accept();
    line.send("\r");
    io_.poll();
    char typed = 0;
    asio::read(guest, asio::buffer(&typed, 1));
    EXPECT_EQ(typed, '\r');
}

TEST_F(SerialLineTest, IsSilentOnceItsOwnerIsGone) {
    {
        const SerialLine line = connect();
        Protocol::socket guest = qemu_.accept();
        asio::write(guest, asio::buffer("late", 4));
    }
    io_.run();
    EXPECT_EQ(heard_, "");
    EXPECT_FALSE(closed_);
}

TEST_F(SerialLineTest, SaysWhichConsoleNobodyListensOn) {
    try {
        const SerialLine line(io_, directory_.path() / "none", [](std::string_view) {});
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::host);
        EXPECT_EQ(std::string(error.what()), "cannot connect to the guest's console " +
                                                 (directory_.path() / "none").string() +
                                                 ": No such file or directory");
    }
}

}  // namespace
}  // namespace lktest
