// SPDX-License-Identifier: MIT
#include "harness/scenario/next_media.hpp"

#include <fmt/format.h>

#include "builder/base/error.hpp"
#include "harness/scenario/files.hpp"

namespace lktest {
namespace {

/// A machine boots another medium after a change of the medium in its drive and a reset, so it keeps its
/// variable store and TPM.
void boot_next(const std::filesystem::path& image, Scenario& scenario) {
    const Place place{.file = "--then"};
    const std::string name = image.filename().string();
    scenario.steps.push_back({.name = fmt::format("insert {}", name),
                              .action = InsertMedium{image.string()},
                              .within = std::chrono::seconds(20),
                              .arches = {},
                              .firmwares = {},
                              .place = place});
    scenario.steps.push_back({.name = fmt::format("boot {}", name),
                              .action = PressReset{},
                              .within = std::chrono::seconds(20),
                              .arches = {},
                              .firmwares = {},
                              .place = place});
}

}  // namespace

void use_next_media(Scenario& scenario, const std::vector<std::filesystem::path>& media) {
    auto next = media.begin();
    for (Step& step : scenario.steps)
        if (auto* insert = std::get_if<InsertMedium>(&step.action); insert && insert->image == next_medium) {
            if (next == media.end())
                throw usage_error(
                    fmt::format("{}:{}:{}: the step '{}' inserts the medium of --then, and there "
                                "is none",
                                step.place.file, step.place.line, step.place.column, step.name),
                    "add --then with the other medium");
            if (step.name == fmt::format("insert {}", next_medium))  // its default name
                step.name = fmt::format("insert {}", next->filename().string());
            insert->image = std::filesystem::absolute(*next++).string();
        }
    for (; next != media.end(); ++next)
        boot_next(std::filesystem::absolute(*next), scenario);
}

}  // namespace lktest
