// SPDX-License-Identifier: MIT
#include "harness/boot/film.hpp"

#include <fmt/format.h>

#include "builder/base/file.hpp"
#include "harness/boot/beside.hpp"
#include "harness/machine/worker.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

constexpr std::size_t most_pictures = 24;

/// A picture of the display; empty if the machine has no display or has gone.
std::string picture(const Domain::Camera& camera) {
    try {
        Domain::Screenshot shot = camera();
        return shot.extension() == ".png" ? std::move(shot.image) : std::string();
    } catch (const Error&) {
        return {};
    }
}

struct Film {
    Domain::Camera camera;
    fs::path artefacts;
    const Milestone* shown = nullptr;  ///< the last milestone with a picture
    std::string last;
    std::size_t pictures = 0;
};

asio::awaitable<bool> look(Host& host, std::shared_ptr<Attendance> attendance, std::shared_ptr<Film> film,
                           std::weak_ptr<void> cell) {
    const Milestone* reached = attendance->watch().reached();
    if (std::exchange(film->shown, reached) == reached || !reached)
        co_return true;
    const std::chrono::duration<double> at = attendance->since_power_on();
    const auto take = [film] { return picture(film->camera); };
    std::string now = co_await on_worker(host.workers, take);
    if (cell.expired())
        co_return false;
    if (!now.empty() && now != film->last) {
        write_file(film->artefacts / fmt::format("film-{:08.3f}.png", at.count()), now);
        film->last = std::move(now);
        ++film->pictures;
    }
    co_return film->pictures < most_pictures;
}

}  // namespace

std::shared_ptr<void> film(Host& host, std::shared_ptr<Attendance> attendance, const Rig& rig,
                           const fs::path& artefacts) {
    constexpr std::chrono::milliseconds pause{200};
    if (rig.spec.cell.hardware.graphics == Graphics::none)
        return nullptr;
    const auto film = std::make_shared<Film>(Film{.camera = rig.guest->camera(), .artefacts = artefacts});
    return beside(host, pause,
                  [&host, attendance = std::move(attendance), film](const std::weak_ptr<void>& cell) {
                      return look(host, attendance, film, cell);
                  });
}

}  // namespace lktest
