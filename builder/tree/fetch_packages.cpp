// SPDX-License-Identifier: MIT
#include "builder/tree/fetch_packages.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/hash.hpp"
#include "builder/base/process.hpp"
#include "builder/tree/apt.hpp"
#include "builder/tree/apt_suite.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// A request as one line of text, which identifies it.
std::string text_of(const PackageRequest& request) {
    const std::set<std::string> names(request.names.begin(), request.names.end());
    return fmt::format("{} suite {} sources {} {} {}", debian_name(request.arch),
                       request.suite.empty() ? "any" : request.suite, sources_identity(request.suite),
                       request.with_dependencies ? "with-dependencies" : "alone", fmt::join(names, " "));
}

constexpr std::string_view last_line = "end";

/// The choice for a request, in `cache`: its text, an offer a line, and last_line.
fs::path chosen_file(const PackageRequest& request, const fs::path& cache) {
    return cache / "chosen" / fmt::format("{}-{:016x}", debian_name(request.arch), hash(text_of(request)));
}

std::optional<std::vector<PackageOffer>> remembered(const PackageRequest& request, const fs::path& cache) {
    const fs::path file = chosen_file(request, cache);
    if (!fs::exists(file))
        return std::nullopt;
    std::istringstream lines(read_file(file));
    std::string line;
    if (!std::getline(lines, line) || line != text_of(request))
        return std::nullopt;
    std::vector<PackageOffer> offers;
    while (std::getline(lines, line) && line != last_line) {
        PackageOffer offer;
        std::istringstream words(line);
        if (!(words >> offer.file >> offer.size >> offer.sha256 >> offer.verified >> offer.uri))
            return std::nullopt;
        offers.push_back(std::move(offer));
    }
    if (line != last_line)
        return std::nullopt;
    return offers;
}

void remember(const PackageRequest& request, const fs::path& cache, const std::vector<PackageOffer>& offers) {
    std::string text = fmt::format("{}\n", text_of(request));
    for (const PackageOffer& offer : offers)
        text +=
            fmt::format("{} {} {} {} {}\n", offer.file, offer.size, offer.sha256, offer.verified, offer.uri);
    write_file(chosen_file(request, cache), text.append(last_line));
}

/// The file's change time in ns; unset if no file of that size exists. Unlike the modification time, programs
/// cannot set it.
std::optional<std::int64_t> modified(const fs::path& file, std::uint64_t size) {
    struct stat status {};
    if (::stat(file.c_str(), &status) < 0 || static_cast<std::uint64_t>(status.st_size) != size)
        return std::nullopt;
    return status.st_ctim.tv_sec * std::int64_t{1'000'000'000} + status.st_ctim.tv_nsec;
}

/// The offers whose file in `debs` is missing or damaged. A file is read only
/// if its time has changed since it was last found intact.
std::vector<PackageOffer*> missing(std::vector<PackageOffer>& offers, const fs::path& debs) {
    std::vector<PackageOffer*> absent, doubtful;
    std::vector<std::string> command{"sha256sum", "--binary", "--"};
    for (PackageOffer& offer : offers) {
        const fs::path file = debs / offer.file;
        const std::optional<std::int64_t> time = modified(file, offer.size);
        if (!time) {
            absent.push_back(&offer);
        } else if (*time != offer.verified) {
            offer.verified = *time;
            doubtful.push_back(&offer);
            command.push_back(file);
        }
    }
    if (doubtful.empty())
        return absent;
    std::istringstream sums(check_process(command));
    for (PackageOffer* offer : doubtful)
        if (std::string sum; !std::getline(sums, sum) || sum.find(offer->sha256) > 1)  // 1: after an escape
            absent.push_back(offer);
    return absent;
}

/// Downloads what `debs` lacks.
void complete(std::vector<PackageOffer>& offers, const fs::path& debs, const Progress& progress,
              const Why& why) {
    const std::vector<PackageOffer*> absent = missing(offers, debs);
    if (absent.empty())
        return;
    why(fmt::format("packages: downloading {}", absent.size()));
    apt_download({absent.begin(), absent.end()}, debs, progress);
    for (PackageOffer* offer : absent)
        offer->verified = modified(debs / offer->file, offer->size).value_or(0);
}

/// "busybox-static_1%3a1.35.0-4_arm64.deb"; apt writes the version's ':' as %3a.
Package package_of(const PackageOffer& offer, const fs::path& debs) {
    const std::size_t first = offer.file.find('_'), last = offer.file.rfind('_');
    Package package;
    package.name = offer.file.substr(0, first);
    package.version = offer.file.substr(first + 1, last - first - 1);
    if (const std::size_t colon = package.version.find("%3a"); colon != std::string::npos)
        package.version =
            fmt::format("{}:{}", package.version.substr(0, colon), package.version.substr(colon + 3));
    package.architecture = offer.file.substr(last + 1, offer.file.rfind('.') - last - 1);
    package.deb = debs / offer.file;
    return package;
}

}  // namespace

std::vector<Package> fetch_packages(const PackageRequest& request, const fs::path& cache,
                                    const Progress& progress, const Why& why) {
    const fs::path debs = cache / "debs";
    make_directories(debs);
    make_directories(cache / "chosen");
    const Why explain = why ? why : [](std::string_view) {};

    std::optional<std::vector<PackageOffer>> known = remembered(request, cache);
    std::vector<PackageOffer> offers = known ? *known : apt_choose(request, cache);
    explain(
        fmt::format("packages: {}, {}", offers.size(), known ? "as apt chose before" : "chosen by apt now"));
    try {
        complete(offers, debs, progress, explain);
    } catch (const Error& error) {
        // A previously chosen version may have been removed from the archive.
        if (!known)
            throw;
        explain(fmt::format("packages: {}; apt chooses again", error.what()));
        offers = apt_choose(request, cache);
        complete(offers, debs, progress, explain);
    }
    remember(request, cache, offers);

    std::vector<Package> packages;
    packages.reserve(offers.size());
    for (const PackageOffer& offer : offers)
        packages.push_back(package_of(offer, debs));
    std::sort(packages.begin(), packages.end(),
              [](const Package& a, const Package& b) { return a.name < b.name; });
    return packages;
}

}  // namespace lktest
