// SPDX-License-Identifier: MIT
#include "harness/run/make_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "harness/run/lookup.hpp"
#include "harness/terminal/held_signals.hpp"
#include "harness/terminal/progress_bar.hpp"
#include "harness/terminal/terminal.hpp"

namespace lktest {
namespace {

constexpr const char* any_root_recipe = "this-system";

/// reproducible-builds.org/specs/source-date-epoch
std::optional<std::int64_t> epoch_from_environment() {
    const char* set = std::getenv("SOURCE_DATE_EPOCH");
    const std::string_view text = set ? set : "";
    if (text.empty())
        return std::nullopt;
    std::uint64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || seconds > last_source_date)
        throw usage_error(fmt::format("SOURCE_DATE_EPOCH cannot be '{}'", text),
                          fmt::format("give a whole number from 0 to {}", last_source_date));
    return static_cast<std::int64_t>(seconds);
}

/// Thrown by the progress callback when the user presses Ctrl-C.
struct Interrupted : std::runtime_error {
    Interrupted() : std::runtime_error("interrupted") {}
};

/// "trees/mine/" and "mine.tar.xz" are "mine".
std::string name_of_root(const std::filesystem::path& root) {
    constexpr std::array<std::string_view, 6> endings{".tar", ".gz", ".xz", ".zst", ".bz2", ".iso"};
    std::filesystem::path name =
        std::filesystem::absolute(root / "").lexically_normal().parent_path().filename();
    while (name.has_stem() && std::ranges::find(endings, name.extension().string()) != endings.end())
        name = name.stem();
    return name.string();
}

}  // namespace

BuildResult make_image(const BuildRequest& request) {
    Recipe recipe =
        read_recipe(find_data(recipe_files, request.recipe.empty() ? any_root_recipe : request.recipe));
    if (!request.root.empty()) {
        recipe.root = root_at(request.root, recipe.root);
        if (const std::string name = name_of_root(request.root);
            request.recipe.empty() && recipe.root.kind != RootKind::system && !name.empty())
            recipe.name = name;
    }
    if (!request.suite.empty()) {
        recipe.suite = recipe.root.suite = request.suite;
        recipe.places.erase("suite");  // messages about it do not concern the recipe
    }
    if (!request.kernel.empty()) {
        recipe.kernel_image = request.kernel;
        recipe.kernel_modules = request.modules;
    }
    BuildOptions options;
    options.arch = request.arch;
    options.output = request.output;
    if (options.output.empty())
        options.output = fmt::format("{}-{}{}{}", recipe.name, name(request.arch),
                                     request.format == Format::netboot ? "-" : ".",
                                     name(request.format.value_or(Format::iso)));
    options.format = request.format.value_or(format_of(options.output));
    options.cache = cache_directory();
    options.cache_size = request.cache_size.value_or(options.cache_size);
    options.workers = request.jobs.value_or(std::max(1U, std::thread::hardware_concurrency()));
    options.source_date_epoch = request.source_date_epoch
                                    ? std::optional<std::int64_t>(*request.source_date_epoch)
                                    : epoch_from_environment();

    const HeldSignals signals;
    ProgressBar bar(stderr, is_terminal(stderr), [] { return style_of(stderr); });
    options.progress = [&](std::string_view step, std::uint64_t done, std::uint64_t total) {
        if (signals.arrived())
            throw Interrupted();
        bar.update(step, done, total);
    };
    options.why = [&](std::string_view reason) {
        if (request.verbose)
            bar.say(reason);
    };
    options.warn = [&](std::string_view remark) { bar.say(remark); };
    BuildResult result = build_image(recipe, options);
    bar.finish();
    return result;
}

}  // namespace lktest
