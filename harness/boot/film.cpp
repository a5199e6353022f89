// SPDX-License-Identifier: MIT
#include "harness/boot/film.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "builder/base/file.hpp"
#include "harness/machine/worker.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

constexpr std::size_t most_pictures = 24;

/// Empty when there is none: the machine has no display, or has gone.
std::string picture(const Domain::Camera& camera) {
    try {
        Domain::Screenshot shot = camera();
        return shot.extension() == ".png" ? std::move(shot.image) : std::string();
    } catch (const Error&) {
        return {};
    }
}

/// Holds what it touches: it may wake once more after the cell is over, which is when `cell` expires.
asio::awaitable<void> keep_filming(Host& host, std::shared_ptr<Attendance> attendance, Domain::Camera camera,
                                   fs::path artefacts, std::weak_ptr<void> cell) {
    constexpr auto pause = std::chrono::milliseconds(200);
    asio::steady_timer timer(host.io);
    const Milestone* shown = nullptr;
    std::string before;
    std::size_t pictures = 0;
    const auto take = [&camera] { return picture(camera); };
    while (!cell.expired() && pictures < most_pictures) {
        if (const Milestone* reached = attendance->watch().reached();
            std::exchange(shown, reached) != reached && reached) {
            const std::chrono::duration<double> at = attendance->since_power_on();
            std::string now = co_await on_worker(host.workers, take);
            if (cell.expired())
                co_return;
            if (!now.empty() && now != before) {
                write_file(artefacts / fmt::format("film-{:08.3f}.png", at.count()), now);
                before = std::move(now);
                ++pictures;
            }
        }
        timer.expires_after(pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

}  // namespace

std::shared_ptr<void> film(Host& host, std::shared_ptr<Attendance> attendance, const Rig& rig,
                           const fs::path& artefacts) {
    auto filming = std::make_shared<int>();
    const std::weak_ptr<void> cell_is_on = filming;
    if (rig.spec.cell.hardware.graphics != Graphics::none)
        asio::co_spawn(host.io,
                       keep_filming(host, std::move(attendance), rig.guest->camera(), artefacts, cell_is_on),
                       asio::detached);
    return filming;
}

}  // namespace lktest
