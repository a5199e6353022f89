// SPDX-License-Identifier: MIT
#include "harness/boot/control.hpp"

#include <gtest/gtest.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "builder/base/file.hpp"
#include "builder/base/json_text.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Protocol = asio::local::stream_protocol;

/// A run without guests and with little patience.
class ControlTest : public testing::Test {
protected:
    ControlTest() { client_.connect(Protocol::endpoint((directory_.path() / control_name).string())); }

    void send(const std::string& bytes) { asio::write(client_, asio::buffer(bytes)); }

    /// The run's answer before it disconnects or the test ends.
    std::string answer() {
        io_.run_for(300ms);
        std::string said;
        boost::system::error_code ended;
        client_.non_blocking(true);
        asio::read(client_, asio::dynamic_buffer(said), ended);
        hung_up_ = ended == asio::error::eof || ended == asio::error::connection_reset;
        return said;
    }

    asio::io_context io_;
    TempDir directory_;
    LiveGuests guests_;
    Control control_{io_, directory_.path(), guests_, 100ms};
    Protocol::socket client_{io_};
    bool hung_up_ = false;
};

TEST_F(ControlTest, AnswersALineOfJson) {
    send("{\"do\": \"diagnose\", \"cell\": \"boot.x\"}\n");
    EXPECT_EQ(Json::parse(answer()).at("error"), "no guest of the run is called 'boot.x'");
    EXPECT_TRUE(hung_up_) << "the answer is complete";
}

TEST_F(ControlTest, NamesItsGuestsForCompletion) {
    send("{\"do\": \"guests\"}\n");
    EXPECT_EQ(answer(), "{\"guests\":[]}\n");
}

TEST_F(ControlTest, AnswersWhatIsNoQuestionToo) {
    send("\xff\x01[{\n");
    EXPECT_EQ(Json::parse(answer()).at("error"), "no guest of the run is called ''");
}

TEST_F(ControlTest, HangsUpOnOneWhoDoesNotEndTheLine) {
    send("{\"do\": ");
    EXPECT_EQ(answer(), "");
    EXPECT_TRUE(hung_up_);
}

TEST_F(ControlTest, HangsUpOnOneWhoDoesNotStop) {
    send(std::string(100'000, ' '));
    EXPECT_EQ(answer(), "");
    EXPECT_TRUE(hung_up_);
}

}  // namespace
}  // namespace lktest
