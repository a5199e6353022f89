// SPDX-License-Identifier: MIT
#include "harness/cli/run_plan.hpp"

#include <algorithm>
#include <set>

#include "builder/base/file.hpp"
#include "builder/build.hpp"
#include "builder/inspect/iso_facts.hpp"
#include "harness/cli/build.hpp"
#include "harness/cli/lookup.hpp"
#include "harness/scenario/parse.hpp"

namespace lktest {
namespace {

constexpr const char* own_recipe = "recovery";
constexpr const char* own_scenario = "boot";            // our media say when each stage is reached
constexpr const char* foreign_scenario = "any-medium";  // of the others only what all of them say

/// The scenarios that were read, and the choice of each.
struct Scenarios {
    std::map<std::string, Scenario> by_name;

    ScenarioChoice choose(const std::string& word) {
        Scenario read = read_scenario(find_data(scenario_files, word));
        ScenarioChoice choice{read.name, read.arches, read.firmwares, read.media};
        by_name.insert_or_assign(read.name, std::move(read));
        return choice;
    }
};

bool asked_for(const RunOptions& options, Arch arch) {
    return options.arches.empty() || std::ranges::find(options.arches, arch) != options.arches.end();
}

/// One of our images for each architecture that is asked for; built later, when the plan is known to hold.
std::vector<ImageChoice> own_images(const RunOptions& options) {
    std::vector<ImageChoice> images;
    for (const Arch arch : all_arches)
        if (asked_for(options, arch))
            images.push_back(
                {{own_recipe, cache_directory() / "media" /
                                  (std::string(own_recipe) + "-" + std::string(name(arch)) + ".iso")},
                 {arch}});
    return images;
}

struct GivenImages {
    std::vector<ImageChoice> own, foreign;
};

GivenImages look_at(const std::vector<std::filesystem::path>& isos) {
    GivenImages given;
    for (const Image& image : name_images(isos)) {
        const IsoFacts facts = read_iso_facts(image.path);
        auto& group = facts.application_id.starts_with(own_application_id) ? given.own : given.foreign;
        group.push_back({image, facts.arches});
    }
    return given;
}

}  // namespace

RunPlan plan_run(const RunOptions& options) {
    Scenarios scenarios;
    RunPlan plan;
    const auto multiply = [&](std::vector<ImageChoice> images, const std::vector<std::string>& words) {
        if (images.empty())
            return;
        Axes axes{.images = std::move(images),
                  .scenarios = {},
                  .arches = options.arches,
                  .firmwares = options.firmwares,
                  .media = options.media};
        for (const std::string& word : words)
            axes.scenarios.push_back(scenarios.choose(word));
        std::ranges::copy(expand(axes), std::back_inserter(plan.cells));
    };

    GivenImages images{own_images(options), {}};
    if (!options.isos.empty())
        images = look_at(options.isos);
    if (options.scenarios.empty()) {
        multiply(std::move(images.own), {own_scenario});
        multiply(std::move(images.foreign), {foreign_scenario});
    } else {
        std::ranges::move(images.foreign, std::back_inserter(images.own));
        multiply(std::move(images.own), options.scenarios);
    }
    plan.scenarios = std::move(scenarios.by_name);
    return plan;
}

void build_what_is_stale(const RunPlan& plan, const RunOptions& options) {
    if (!options.isos.empty())
        return;
    std::set<std::pair<Arch, std::filesystem::path>> needed;
    for (const PlannedCell& planned : plan.cells)
        if (!planned.not_applicable)
            needed.emplace(planned.cell.arch, planned.cell.image.path);
    const Recipe recipe = read_recipe(find_data(recipe_files, own_recipe));
    for (const auto& [arch, path] : needed) {
        if (is_current(recipe, arch, path, cache_directory()))
            continue;
        make_directories(path.parent_path());
        BuildRequest request;
        request.recipe = own_recipe;
        request.arch = arch;
        request.output = path;
        request.verbose = options.verbose;
        build(request);
    }
}

}  // namespace lktest
