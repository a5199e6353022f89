// SPDX-License-Identifier: MIT
#include "harness/boot/control.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "builder/base/json_text.hpp"
#include "harness/boot/live_guest.hpp"
#include "harness/boot/terminal_session.hpp"
#include "harness/machine/short_path.hpp"

namespace lktest {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using asio::local::stream_protocol;

namespace {

using Client = std::shared_ptr<stream_protocol::socket>;

/// Disconnects a client that takes too long, unless it is destroyed first.
class HangUp {
public:
    HangUp(const Client& client, std::chrono::milliseconds after) : timer_(client->get_executor(), after) {
        timer_.async_wait([client, waiting = waiting_](boost::system::error_code) {
            boost::system::error_code ignored;
            if (*waiting)
                client->close(ignored);
        });
    }
    HangUp(const HangUp&) = delete;
    HangUp& operator=(const HangUp&) = delete;
    ~HangUp() { *waiting_ = false; }

private:
    std::shared_ptr<bool> waiting_ = std::make_shared<bool>(true);
    asio::steady_timer timer_;
};

std::vector<LiveGuests::Guest> all_guests(const LiveGuests& guests) {
    std::vector<LiveGuests::Guest> all = guests.kept();
    all.insert(all.end(), guests.running().begin(), guests.running().end());
    return all;
}

std::vector<std::string> names_of(const std::vector<LiveGuests::Guest>& guests) {
    std::vector<std::string> names;
    for (const LiveGuests::Guest& guest : guests)
        names.push_back(guest->cell_name());
    return names;
}

/// The guest with the given name, or with a name that contains it.
LiveGuests::Guest guest_of(const LiveGuests& guests, const std::string& wanted) {
    std::vector<LiveGuests::Guest> like;
    for (const LiveGuests::Guest& guest : all_guests(guests)) {
        if (guest->cell_name() == wanted)
            return guest;
        if (guest->cell_name().find(wanted) != std::string::npos)
            like.push_back(guest);
    }
    if (like.size() == 1)
        return like.front();
    const std::vector<std::string> names = names_of(all_guests(guests));
    throw usage_error(
        fmt::format("{} guest of the run is called '{}'", like.empty() ? "no" : "more than one", wanted),
        names.empty() ? "the run has no guests now; only failed cells are kept, and only with --keep"
                      : fmt::format("its guests are {}", fmt::join(names, ", ")));
}

std::string text_at(const Json& json, const char* key) {
    return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
}

asio::awaitable<Json> diagnosed(LiveGuests::Guest guest, std::string into, std::string core) {
    const Findings found = co_await guest->diagnose(into);
    Json answer = {{"cell", guest->cell_name()}};
    if (!core.empty())
        answer["core"] = co_await guest->dump_core(core);
    answer["diagnosis"] = Json::parse(json_diagnosis(found.diagnosis));
    co_return answer;
}

/// Answers a request; refuses any that it does not know.
asio::awaitable<void> serve(Client client, LiveGuests& guests, std::chrono::milliseconds patience) {
    constexpr std::size_t longest_question = 65536;
    std::string question;
    boost::system::error_code error;
    {
        const HangUp hang_up(client, patience);
        co_await asio::async_read_until(*client, asio::dynamic_buffer(question, longest_question), '\n',
                                        asio::redirect_error(asio::use_awaitable, error));
    }
    if (error)
        co_return;
    const Json asked = Json::parse(question, nullptr, false);
    Json answer;
    LiveGuests::Guest attached;
    try {
        const std::string what = text_at(asked, "do");
        const bool about_one = what != "guests";
        const LiveGuests::Guest guest = about_one ? guest_of(guests, text_at(asked, "cell")) : nullptr;
        if (!about_one)
            answer = {{"guests", json_strings(names_of(all_guests(guests)))}};
        else if (what == "diagnose")
            answer = co_await diagnosed(guest, text_at(asked, "into"), text_at(asked, "core"));
        else if (what == "attach")
            attached = guest;
        else
            throw usage_error(fmt::format("this lktest does not know the request '{}'", what),
                              "use the same version of lktest for both");
    } catch (const Error& fault) {
        answer = {{"error", fault.what()}, {"hint", fault.hint()}};
    }
    const std::string line = (answer.is_null() ? Json::object() : answer).dump() + "\n";
    {
        const HangUp hang_up(client, patience);
        co_await asio::async_write(*client, asio::buffer(line),
                                   asio::redirect_error(asio::use_awaitable, error));
    }
    if (!attached || error)
        co_return;
    const bool kept = std::ranges::find(guests.kept(), attached) != guests.kept().end();
    TerminalSession session(client, attached, kept);
    if (co_await session.attend() == TerminalEnd::destroyed) {
        attached->let_go();
        guests.forget(attached);
    }
}

}  // namespace

struct Control::Server {
    stream_protocol::acceptor acceptor;
    LiveGuests& guests;
    fs::path socket;
    std::chrono::milliseconds patience;
    bool over = false;

    static asio::awaitable<void> accept(std::shared_ptr<Server> server) {
        boost::system::error_code error;
        while (!server->over) {
            const auto client = std::make_shared<stream_protocol::socket>(server->acceptor.get_executor());
            co_await server->acceptor.async_accept(*client, asio::redirect_error(asio::use_awaitable, error));
            if (error || server->over)
                co_return;
            asio::co_spawn(server->acceptor.get_executor(), serve(client, server->guests, server->patience),
                           asio::detached);
        }
    }
};

Control::Control(asio::io_context& io, const fs::path& directory, LiveGuests& guests,
                 std::chrono::milliseconds patience)
    : server_(std::make_shared<Server>(
          Server{stream_protocol::acceptor(io), guests, directory / control_name, patience})) {
    const ShortPath place(directory);
    boost::system::error_code error;
    server_->acceptor.open(stream_protocol(), error);
    if (!error)
        server_->acceptor.bind(place.of(control_name).string(), error);
    std::error_code unguarded;
    if (!error)  // no client can connect before it listens
        fs::permissions(place.of(control_name), fs::perms::owner_read | fs::perms::owner_write, unguarded);
    if (!error && !unguarded)
        server_->acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (!error && !unguarded)
        asio::co_spawn(io, Server::accept(server_), asio::detached);
}

Control::~Control() {
    server_->over = true;
    boost::system::error_code ignored;
    server_->acceptor.close(ignored);
    std::error_code absent;
    fs::remove(server_->socket, absent);
}

}  // namespace lktest
