// SPDX-License-Identifier: MIT
#include "harness/cli/build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "builder/base/file.hpp"
#include "builder/base/printable.hpp"
#include "builder/tree/apt_sources.hpp"
#include "harness/cli/held_signals.hpp"
#include "harness/cli/lookup.hpp"
#include "harness/cli/option.hpp"
#include "harness/cli/progress_bar.hpp"
#include "harness/cli/terminal.hpp"

namespace lktest {
namespace {

/// 9999-12-31, the last day that ISO 9660 can express (ECMA-119, 8.4.26.1).
constexpr std::uint64_t last_second = 253402300799;
constexpr std::uint64_t most_jobs = 1024;
constexpr const char* any_root_recipe = "this-system";

/// reproducible-builds.org/specs/source-date-epoch
std::optional<std::int64_t> epoch_from_environment() {
    const char* text = std::getenv("SOURCE_DATE_EPOCH");
    if (!text || !*text)
        return std::nullopt;
    return static_cast<std::int64_t>(parse_number("SOURCE_DATE_EPOCH", text, 0, last_second));
}

/// Thrown by the progress callback when the user presses Ctrl-C.
struct Interrupted : std::runtime_error {
    Interrupted() : std::runtime_error("interrupted") {}
};

}  // namespace

void add_build(CLI::App& app, BuildRequest& request, const std::string& default_arch) {
    app.add_option("RECIPE", request.recipe, "name of a recipe, or path of a TOML file")->type_name("RECIPE");
    add_single(app, "--arch", alternatives(all_names(all_arches)), "architecture of the image", default_arch,
               [&request](const std::string& word) {
                   request.arch = all_arches[choose("--arch", word, all_names(all_arches))];
               });
    add_single(app, "--format", alternatives(all_names(all_formats)),
               "ISO, archive for a FAT stick, or directory for a boot server", "from the name of FILE",
               [&request](const std::string& word) {
                   request.format = all_formats[choose("--format", word, all_names(all_formats))];
               });
    add_single(
        app, "--root", "PATH|system",
        "root filesystem: directory, tar archive, SquashFS, container image, live ISO, or this machine",
        "from RECIPE, which is optional with it",
        [&request](const std::string& word) { request.root = word; });
    add_single(app, "--suite", "NAME", "take all packages from this suite of the Debian archive",
               "from RECIPE, or as apt prefers them", [&request](const std::string& word) {
                   if (!is_suite_name(word))
                       throw CLI::ValidationError("--suite", fmt::format("'{}' is not a suite", word));
                   request.suite = word;
               });
    add_single(app, "-o,--output", "FILE", "the image; replaced once it is complete", "RECIPE-ARCH.iso",
               [&request](const std::string& word) { request.output = word; });
    add_single(app, "--source-date-epoch", "SECONDS", "time of the image, since 1970",
               "$SOURCE_DATE_EPOCH, or the newest package", [&request](const std::string& word) {
                   request.source_date_epoch = parse_number("--source-date-epoch", word, 0, last_second);
               });
    add_single(app, "-j,--jobs", "N", "threads that compress", "one per core",
               [&request](const std::string& word) {
                   request.jobs = static_cast<unsigned>(parse_number("--jobs", word, 1, most_jobs));
               });
    app.add_flag("-v,--verbose", request.verbose, "explain decisions");
    app.callback([&request] {
        if (request.recipe.empty() && request.root.empty())
            throw CLI::RequiredError("RECIPE");
    });
}

BuildResult make_image(const BuildRequest& request) {
    Recipe recipe =
        read_recipe(find_data(recipe_files, request.recipe.empty() ? any_root_recipe : request.recipe));
    if (!request.root.empty())
        recipe.root = root_at(request.root, recipe.root);
    if (!request.suite.empty())
        recipe.suite = recipe.root.suite = request.suite;
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

int build(const BuildRequest& request) {
    const BuildResult result = make_image(request);
    fmt::print("{}  {:.1f} MiB\n", printable(result.output.string()),
               static_cast<double>(result.size) / (1 << 20));
    return static_cast<int>(ExitCode::passed);
}

}  // namespace lktest
