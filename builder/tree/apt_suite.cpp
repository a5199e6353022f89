// SPDX-License-Identifier: MIT
#include "builder/tree/apt_suite.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <sstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/hash.hpp"
#include "builder/base/process.hpp"
#include "builder/tree/apt.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

constexpr const char* etc_apt = "/etc/apt";

/// The Release file of a suite; empty if the archive has none.
std::string release_file(const AptSource& source, const fs::path& scratch) {
    const TempDir own(scratch);
    const fs::path file = own.path() / "InRelease";
    const ProcessResult result = run_process(
        {"/usr/lib/apt/apt-helper", "-qq", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=1",
         "download-file", fmt::format("{}dists/{}/InRelease", source.uri, source.suite), file},
        {.deadline = std::chrono::minutes(2), .directory = {}, .environment = {{"LC_ALL", "C"}}});
    return result.status == 0 && fs::exists(file) ? read_file(file) : "";
}

std::string codename_in(const std::string& release) {
    std::istringstream lines(release);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("Codename: "))
            return line.substr(10);
    return "";
}

/// The suites that the machine's sources name, and those that their archives call stable, testing and so on.
std::set<std::string> suites_on_offer(const std::vector<AptSource>& machine, const fs::path& scratch) {
    std::set<std::string> names, archives;
    for (const AptSource& source : machine) {
        names.insert(source.suite);
        if (base_suite(source.suite) != source.suite || source.suite.ends_with("-security") ||
            source.suite.ends_with("-updates") || !archives.insert(source.uri).second)
            continue;
        for (const char* alias : {"oldstable", "stable", "testing", "unstable"}) {
            AptSource probe = source;
            probe.suite = alias;
            const std::string codename = codename_in(release_file(probe, scratch));
            if (codename.empty())
                continue;
            names.insert(codename);
            probe.suite = codename + "-backports";
            if (!release_file(probe, scratch).empty())
                names.insert(probe.suite);
        }
    }
    return names;
}

bool is_fresh(const fs::path& mark) {
    std::error_code error;
    const auto time = fs::last_write_time(mark, error);
    return !error && fs::file_time_type::clock::now() - time < std::chrono::hours(24);
}

/// apt-get update; an old set of lists is better than none.
void update(const std::vector<std::string>& options, const fs::path& mark, const std::string& suite) {
    std::vector<std::string> command{"apt-get", "-q"};
    for (const std::string& option : options) {
        command.emplace_back("-o");
        command.push_back(option);
    }
    command.emplace_back("update");
    const ProcessResult result = run_process(
        command, {.deadline = std::chrono::minutes(10), .directory = {}, .environment = {{"LC_ALL", "C"}}});
    if (result.status == 0)
        write_file(mark, "");
    else if (!fs::exists(mark))
        throw host_error(fmt::format("cannot download the package lists of {}: {}", suite,
                                     result.timed_out ? "no answer within 10 minutes" : result.err),
                         "connect this machine to its apt sources");
}

}  // namespace

std::string sources_identity(const std::string& suite) {
    std::vector<AptSource> sources = read_apt_sources(etc_apt);
    if (!suite.empty())
        sources = sources_of_suite(sources, suite);
    return fmt::format("{:016x}",
                       hash(fmt::format("format 2\n{}{}", as_deb822(sources), suite_preferences(suite))));
}

std::vector<AptSource> existing_sources(const std::string& suite, const fs::path& scratch) {
    const std::vector<AptSource> machine = read_apt_sources(etc_apt);
    std::vector<AptSource> sources = sources_of_suite(machine, suite);
    std::erase_if(sources, [&](const AptSource& source) { return release_file(source, scratch).empty(); });
    const auto has = [&](const std::string& name) {
        return std::ranges::find(sources, name, &AptSource::suite) != sources.end();
    };
    if (has(suite) && has(base_suite(suite)))
        return sources;
    throw NoSuchPackage(
        fmt::format("no apt source of this machine offers the suite {}", suite),
        fmt::format("name one of these: {}", fmt::join(suites_on_offer(machine, scratch), ", ")), {});
}

std::vector<std::string> apt_suite_options(const std::string& suite, Arch arch, const fs::path& cache) {
    if (suite.empty())
        return {};
    const fs::path directory =
        cache / "apt" / fmt::format("{}-{}-{}", suite, debian_name(arch), sources_identity(suite));
    const fs::path parts = directory / "sources.list.d", mark = directory / "updated";
    for (const fs::path& path : {parts, directory / "preferences.d", directory / "lists/partial"})
        make_directories(path);
    std::vector<std::string> options{
        fmt::format("Dir::Etc::sourcelist={}", (directory / "none").string()),
        fmt::format("Dir::Etc::sourceparts={}", parts.string()),
        fmt::format("Dir::Etc::preferences={}", (directory / "preferences").string()),
        fmt::format("Dir::Etc::preferencesparts={}", (directory / "preferences.d").string()),
        fmt::format("Dir::State::lists={}", (directory / "lists").string()),
        fmt::format("APT::Architecture={}", debian_name(arch)),
        fmt::format("APT::Architectures={}", debian_name(arch)),
        "APT::Sandbox::User=root",
        "APT::Default-Release=",
        "Acquire::Languages=none",
        "Dir::Cache::pkgcache=",
        "Dir::Cache::srcpkgcache=",
        "APT::Update::Post-Invoke::=",
        "APT::Update::Post-Invoke-Success::=",
    };
    if (is_fresh(mark))
        return options;
    if (!fs::exists(mark)) {
        write_file(parts / "suite.sources", as_deb822(existing_sources(suite, directory)));
        write_file(directory / "preferences", suite_preferences(suite));
    }
    update(options, mark, suite);
    return options;
}

}  // namespace lktest
