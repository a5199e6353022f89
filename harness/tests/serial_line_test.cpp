// SPDX-License-Identifier: MIT
#include "harness/machine/serial_line.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;

/// Takes the place of QEMU, which opens both pipes.
class SerialLineTest : public testing::Test {
protected:
    SerialLine connect() {
        ConsolePipe pipe = ConsolePipe::make(path_);
        out_ = UniqueFd(::open((path_.string() + ".out").c_str(), O_RDWR | O_NONBLOCK));
        in_ = UniqueFd(::open((path_.string() + ".in").c_str(), O_RDWR | O_NONBLOCK));
        return SerialLine(io_, std::move(pipe), [this](std::string_view bytes) {
            if (bytes.empty())
                closed_ = true;
            heard_ += bytes;
        });
    }
    /// Writes byte by byte, like a guest. Returns how many were accepted.
    std::size_t say(std::size_t count) const {
        std::size_t taken = 0;
        while (taken < count && ::write(out_.get(), "x", 1) == 1)
            ++taken;
        return taken;
    }

    TempDir directory_;
    std::filesystem::path path_ = directory_.path() / "serial";
    asio::io_context io_;
    UniqueFd out_, in_;
    std::string heard_;
    bool closed_ = false;
};

TEST_F(SerialLineTest, HearsEveryByteUntilTheGuestIsGone) {
    const SerialLine line = connect();
    // More than a kernel prints, while there is no reader.
    EXPECT_EQ(say(60'000), 60'000U);
    out_.reset();
    io_.run();
    EXPECT_EQ(heard_.size(), 60'000U);
    EXPECT_TRUE(closed_);
}

TEST_F(SerialLineTest, TypesToTheGuest) {
    SerialLine line = connect();
    line.send("\r");
    io_.poll();
    char typed = 0;
    EXPECT_EQ(::read(in_.get(), &typed, 1), 1);
    EXPECT_EQ(typed, '\r');
}

TEST_F(SerialLineTest, IsSilentOnceItsOwnerIsGone) {
    {
        const SerialLine line = connect();
        EXPECT_EQ(say(4), 4U);
    }
    io_.run();
    EXPECT_EQ(heard_, "");
    EXPECT_FALSE(closed_);
}

TEST_F(SerialLineTest, ItsPipeIsMadeOnceAndForItsOwnerAlone) {
    const ConsolePipe pipe = ConsolePipe::make(path_);
    EXPECT_EQ(std::filesystem::status(path_.string() + ".out").permissions(), std::filesystem::perms(0600));
    try {
        ConsolePipe::make(path_);
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::host);
        EXPECT_EQ(std::string(error.what()),
                  "cannot create the pipe " + path_.string() + ".out: File exists");
    }
}

}  // namespace
}  // namespace lktest
