// SPDX-License-Identifier: MIT
#include "harness/cli/inspect.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/packed.hpp"
#include "builder/inspect/netboot_tree.hpp"
#include "builder/kernel_medium.hpp"
#include "harness/boot/inspect_medium.hpp"
#include "harness/boot/known_revocations.hpp"
#include "harness/cli/option.hpp"
#include "harness/report/inspect_json.hpp"
#include "harness/report/inspect_text.hpp"
#include "harness/terminal/terminal.hpp"

namespace lktest {

template <typename Archive>
void each_field(Archive& archive, NetbootListing& listing) {
    auto& [directories, files, links, targets, cut] = listing;
    archive(directories, files, links, targets, cut);
}

template <typename Archive>
void each_field(Archive& archive, Style& style) {
    auto& [colour, unicode, width, height, shorten] = style;
    archive(colour, unicode, width, height, shorten);
}

template <typename Archive>
void each_field(Archive& archive, SbatLevel& level) {
    auto& [date, required] = level;
    archive(date, required);
}

template <typename Archive>
void each_field(Archive& archive, Revocations& revocations) {
    auto& [source, certificates, hashes, levels, today] = revocations;
    archive(source, certificates, hashes, levels, today);
}

void add_inspect(CLI::App& app, InspectRequest& request) {
    app.add_option("ISO", request.iso, "any live or installation medium")->type_name("ISO")->required();
    app.add_option("INITRD", request.initrd, "initramfs of a kernel that is named instead of an ISO")
        ->type_name("INITRD");
    add_repeatable(app, "--dbx", "FILE", "list of revoked programs, for the verdict on Secure Boot",
                   "those installed",
                   [&request](const std::string& word) { request.dbx.emplace_back(word); });
    app.add_flag("--json", request.json, "print JSON");
}

namespace {

/// Reading more would take too long; the report names what was not read.
constexpr std::uint64_t checksum_limit = std::uint64_t{4} << 30;

/// The answer of inspect_job() about a medium, or about the directory of a boot server.
std::string ask_confined(const std::filesystem::path& medium, std::string name, bool json, Style style,
                         Revocations revocations) {
    constexpr ConfinedLimits limits{.cpu = std::chrono::minutes(10)};  // for the checksums
    std::optional<NetbootListing> listing;
    if (!std::filesystem::is_directory(medium))
        return inspect_confined("inspect", medium, packed(name, json, style, revocations, listing), limits);
    listing = list_netboot(medium);
    return inspect_confined("inspect", medium, listing->files,
                            packed(name, json, style, revocations, listing), limits);
}

/// The ISO, or one that holds the kernel and its initramfs.
std::filesystem::path medium_of(const InspectRequest& request, std::optional<TempDir>& made) {
    if (request.initrd.empty() && !looks_like_kernel(request.iso))
        return request.iso;
    made.emplace(cache_directory());
    BuildOptions options;
    options.arch = arch_of_kernel(request.iso);
    options.cache = cache_directory();
    options.output = made->path() / "kernel.iso";
    build_kernel_medium({request.iso, request.initrd}, options);
    return options.output;
}

}  // namespace

int inspect(const InspectRequest& request) {
    const std::string name = request.iso.string();
    std::optional<TempDir> made;
    const std::filesystem::path iso = medium_of(request, made);
    bool bad = false;
    std::string text;
    if (!unpack(ask_confined(iso, name, request.json, style_of(stdout), known_revocations(request.dbx)), bad,
                text))
        throw usage_error(fmt::format("{} could not be inspected (its reader's answer is garbled)", name));
    fmt::print("{}", text);
    return static_cast<int>(bad ? ExitCode::boot_failed : ExitCode::passed);
}

std::string inspect_job(std::span<const int> files, std::string_view input) {
    std::string path;
    bool json = false;
    Style style;
    Revocations revocations;
    std::optional<NetbootListing> listing;
    if (!unpack(input, path, json, style, revocations, listing))
        throw host_error("the request to inspect a medium is garbled");
    const InspectOptions options{.checksum_limit = checksum_limit};
    const MediumFacts facts =
        listing ? read_netboot_facts(netboot_tree(*listing, contents_in(files)), path, options)
                : read_medium_facts(medium_in(files), path, options);
    const std::vector<IsoFinding> findings = find_faults(facts, revocations);
    const std::string name = std::filesystem::path(path).filename().string();
    std::string text = json ? inspect_json(name, facts, findings, revocations)
                            : inspect_text(name, facts, findings, revocations, style);
    bool bad = std::ranges::find(findings, IsoFinding::Grade::error, &IsoFinding::grade) != findings.end();
    return packed(bad, text);
}

}  // namespace lktest
