// SPDX-License-Identifier: MIT
#include "harness/net/cell_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>
#include <stop_token>
#include <utility>

#include "builder/base/error.hpp"
#include "harness/net/dhcp.hpp"
#include "harness/net/ping.hpp"
#include "harness/net/tftp.hpp"

namespace lktest {
namespace asio = boost::asio;
namespace {

constexpr auto retry_after = std::chrono::milliseconds(500);
// A path can be followed by any query.
constexpr std::size_t most_fetched = 1000;
// The guest may have restarted a server that accepted a connection and then hung.
constexpr auto fetch_time = std::chrono::seconds(10);

std::string url(std::string_view host, std::string_view path) {
    return fmt::format("http://{}{}", host, path);
}

std::vector<std::filesystem::path> served_directories(const CellNetworkOptions& options) {
    std::vector<std::filesystem::path> directories;
    if (options.boot)
        directories.push_back(options.boot->directory);
    if (!options.served.empty())
        directories.push_back(options.served);
    return directories;
}

}  // namespace

using Clock = std::chrono::steady_clock;

struct CellNetwork::State {
    State(asio::io_context& io, CellNetworkOptions its_options)
        : options(std::move(its_options)),
          bell(io),
          tap(make_tap(netns)),
          dhcp(std::in_place, io, netns, tap,
               options.boot ? dnsmasq_options(*options.boot) : std::vector<std::string>(), options.log_file,
               DhcpHandlers{[this] { dhcp_ready = true, bell.cancel(); },
                            [this](const DhcpMessage& message) { take(message); },
                            [this](const std::string& problem) { lose_dhcp(problem); }}),
          http(
              std::in_place, io, netns, options.pages, [this](const ServedPage& served) { take(served); },
              served_directories(options)) {
        if (options.boot && !options.boot->http)
            tftp.emplace(io, netns, options.boot->directory,
                         [this](const ServedFile& served) { take(served); });
    }

    void take(const DhcpMessage& message) {
        heard = message;
        if (message.kind == DhcpMessage::Kind::ack) {
            const std::string who = message.firmware ? "the firmware" : message.mac;
            tell("lease", fmt::format("{} to {}{}{}", message.address, who, message.rest.empty() ? "" : ", ",
                                      message.rest));
            if (!message.firmware)
                lease = message.address;
        }
        bell.cancel();
    }

    void lose_dhcp(const std::string& problem) {
        dhcp_problem = problem;
        if (options.on_fault)
            options.on_fault(problem);
        bell.cancel();
    }

    void take(const ServedPage& served) {
        tell("fetched-from-host",
             fmt::format("{} fetched {}: {}", served.client, served.path, served.status));
        if (served.status == 200 && fetched.size() < most_fetched)
            fetched.insert(served.path);
        bell.cancel();
    }

    void take(const ServedFile& served) {
        const std::string how = !served.found ? "not found"
                                : served.sent ? fmt::format("{} bytes", served.size)
                                              : "the client disconnected";
        tell("fetched-from-host", fmt::format("{} fetched {} by TFTP: {}", served.client, served.path, how));
        bell.cancel();
    }

    void tell(const std::string& name, const std::string& text) const {
        if (options.sink)
            options.sink({options.since_power_on(), Event::Kind::network, Source::network, name, text});
    }

    /// Whether nothing more needs to be waited for.
    bool over(Deadline deadline) const {
        return stop.stop_requested() || !dhcp_problem.empty() || passed(deadline);
    }

    std::string why_no_lease() const;

    // Coroutines share the state, because they may wake once more after the owner is destroyed.
    static asio::awaitable<void> news(std::shared_ptr<State> state, Deadline deadline);
    static asio::awaitable<std::string> fetch_page(std::shared_ptr<State> state, asio::ip::address_v4 guest,
                                                   NetworkCheck check, Deadline deadline);
    static asio::awaitable<NetworkFacts> look(std::shared_ptr<State> state, NetworkCheck check,
                                              Deadline deadline);
    static asio::awaitable<void> ready(std::shared_ptr<State> state, Deadline deadline);

    CellNetworkOptions options;
    asio::steady_timer bell;  ///< rung on every change
    Netns netns;
    Tap tap;
    std::optional<DhcpServer> dhcp;  ///< unset after the owner is destroyed, like http
    std::optional<HttpServer> http;
    std::optional<TftpServer> tftp;
    std::stop_source stop;

    bool dhcp_ready = false;
    std::string dhcp_problem;
    std::optional<DhcpMessage> heard;  ///< the last message
    std::optional<std::string> lease;
    std::set<std::string> fetched;  ///< paths, by the guest; only paths of pages and files
};

std::string CellNetwork::State::why_no_lease() const {
    using Kind = DhcpMessage::Kind;
    if (!heard)
        return "the guest did not ask for an address by DHCP";
    if (heard->firmware)
        return "only the firmware asked for an address by DHCP, the guest's system did not";
    switch (heard->kind) {
        case Kind::discover: return fmt::format("the guest asked by DHCP, but got no offer: {}", heard->rest);
        case Kind::offer:
            return fmt::format("the guest did not accept {}, which DHCP offered", heard->address);
        case Kind::request:
        case Kind::ack:
        case Kind::nak: break;
    }
    return fmt::format("DHCP refused to give {} to the guest: {}", heard->address, heard->rest);
}

asio::awaitable<void> CellNetwork::State::news(std::shared_ptr<State> state, Deadline deadline) {
    boost::system::error_code rung;
    state->bell.expires_at(deadline);
    co_await state->bell.async_wait(asio::redirect_error(asio::use_awaitable, rung));
}

asio::awaitable<void> CellNetwork::State::ready(std::shared_ptr<State> state, Deadline deadline) {
    while (!state->dhcp_ready && !state->over(deadline))
        co_await news(state, deadline);
    if (!state->dhcp_problem.empty())
        throw host_error(state->dhcp_problem);
    if (!state->dhcp_ready)
        throw host_error("dnsmasq, the DHCP server, is not listening",
                         fmt::format("see {}", state->options.log_file.string()));
}

/// Fetches the page; returns why it is not as expected, or an empty text.
asio::awaitable<std::string> CellNetwork::State::fetch_page(std::shared_ptr<State> state,
                                                            asio::ip::address_v4 guest, NetworkCheck check,
                                                            Deadline deadline) {
    const std::string page = url(guest.to_string(), check.guest_page);
    std::string problem = "the time was over";
    while (!state->over(deadline)) {
        const Deadline attempt = std::min(deadline, Clock::now() + fetch_time);
        const HttpReply reply =
            co_await fetch(state->netns, guest, check.guest_page, attempt, state->stop.get_token());
        if (!reply.problem.empty())
            problem = reply.problem;
        else if (reply.status != 200)
            problem = fmt::format("status {}", reply.status);
        else if (reply.body.find(check.guest_text) == std::string::npos)
            problem = fmt::format("the page lacks '{}'", check.guest_text);
        else {
            state->tell("fetched-from-guest", fmt::format("{}: {} bytes", page, reply.body.size()));
            co_return "";
        }
        const Deadline again = std::min(deadline, Clock::now() + retry_after);
        while (!state->over(again))
            co_await news(state, again);
    }
    co_return fmt::format("cannot fetch {} from the guest: {}", page, problem);
}

asio::awaitable<NetworkFacts> CellNetwork::State::look(std::shared_ptr<State> state, NetworkCheck check,
                                                       Deadline deadline) {
    NetworkFacts facts;
    const auto stopped = [&](std::string problem) {
        facts.host_fault = !state->dhcp_problem.empty();
        facts.problem = facts.host_fault ? state->dhcp_problem : std::move(problem);
        return facts;
    };

    while (check.lease && !state->lease && !state->over(deadline))
        co_await news(state, deadline);
    facts.lease_ip = state->lease;
    if (check.lease && !facts.lease_ip)
        co_return stopped(state->why_no_lease());

    const auto guest = asio::ip::make_address_v4(facts.lease_ip.value_or(guest_address));
    if (check.ping) {
        const auto round_trip = co_await ping(state->netns, guest, deadline, state->stop.get_token());
        facts.pinged = round_trip.has_value();
        if (!facts.pinged)
            co_return stopped(fmt::format("{} does not answer ping", guest.to_string()));
        if (!state->stop.stop_requested())
            state->tell("ping", fmt::format("{} in {:.1f} ms", guest.to_string(),
                                            static_cast<double>(round_trip->count()) / 1000));
    }
    if (!check.guest_page.empty()) {
        const std::string problem = co_await fetch_page(state, guest, check, deadline);
        facts.page_fetched = problem.empty();
        if (!facts.page_fetched)
            co_return stopped(problem);
    }
    if (!check.host_file.empty()) {
        while (!state->fetched.contains(check.host_file) && !state->over(deadline))
            co_await news(state, deadline);
        facts.file_served = state->fetched.contains(check.host_file);
        if (!facts.file_served)
            co_return stopped(fmt::format("the guest did not fetch {}", url(host_address, check.host_file)));
    }
    co_return facts;
}

CellNetwork::CellNetwork(asio::io_context& io, CellNetworkOptions options)
    : state_(std::make_shared<State>(io, std::move(options))) {}

CellNetwork::~CellNetwork() {
    state_->stop.request_stop();
    state_->dhcp.reset();
    state_->http.reset();
    state_->tftp.reset();
    state_->bell.cancel();
}

const Netns& CellNetwork::netns() const noexcept {
    return state_->netns;
}

asio::awaitable<void> CellNetwork::ready(Deadline deadline) {
    return State::ready(state_, deadline);
}

asio::awaitable<NetworkFacts> CellNetwork::check(NetworkCheck check, Deadline deadline) {
    return State::look(state_, std::move(check), deadline);
}

TapTraffic CellNetwork::traffic() const {
    return tap_traffic(state_->netns);
}

std::vector<std::string> CellNetwork::in_words() const {
    const TapTraffic packets = traffic();
    return {packets.from_guest == 0 ? "the guest has sent no packets"
                                    : fmt::format("the guest has sent {} packets, and received {}",
                                                  packets.from_guest, packets.to_guest),
            state_->lease ? fmt::format("DHCP gave it {}", *state_->lease) : state_->why_no_lease()};
}

void CellNetwork::forget() {
    state_->heard.reset();
    state_->lease.reset();
    state_->fetched.clear();
}

}  // namespace lktest
