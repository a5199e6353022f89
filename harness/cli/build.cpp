// SPDX-License-Identifier: MIT
#include "harness/cli/build.hpp"

#include <fmt/format.h>

#include "builder/base/printable.hpp"
#include "builder/tree/apt_sources.hpp"
#include "harness/cli/option.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t most_jobs = 1024, most_cache = std::uint64_t{1} << 50;

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
                   request.source_date_epoch = parse_number("--source-date-epoch", word, 0, last_source_date);
               });
    add_single(app, "--cache-size", "SIZE", "disk space for finished parts and compressed blocks", "8G",
               [&request](const std::string& word) {
                   request.cache_size = parse_size("--cache-size", word, 0, most_cache);
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

int build(const BuildRequest& request) {
    const BuildResult result = make_image(request);
    fmt::print("{}  {:.1f} MiB\n", printable(result.output.string()),
               static_cast<double>(result.size) / (1 << 20));
    return static_cast<int>(ExitCode::passed);
}

}  // namespace lktest
