// SPDX-License-Identifier: MIT
#include "builder/tree/apt.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/tree/apt_suite.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// Debian Policy 5.6.1. apt would treat anything else as a pattern, a version or an option.
void check_name(std::string_view name) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    const bool good =
        name.size() >= 2 && letters.find(name[0]) != std::string_view::npos && name.back() != '-' &&
        std::all_of(name.begin(), name.end(), [&](char c) {
            return letters.find(c) != std::string_view::npos || c == '+' || c == '-' || c == '.';
        });
    if (!good)
        throw NoSuchPackage(fmt::format("'{}' is not the name of a Debian package", name),
                            "write lower-case letters, digits and + - . only", {std::string(name)});
}

/// The lines of `text` that begin with `start`, without it.
std::vector<std::string> lines_after(std::string_view start, const std::string& text) {
    std::vector<std::string> found;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(start))
            found.push_back(line.substr(start.size()));
    return found;
}

/// What apt is asked about.
struct View {
    Arch arch;
    std::vector<std::string> suite;  ///< options that choose a suite
    const fs::path& empty;           ///< an empty directory
};

/// apt with its machine's own lists, or those of a suite, but for one architecture and as if nothing were
/// installed. Reads only.
ProcessResult ask_apt(const std::string& program, const View& view,
                      const std::vector<std::string>& question) {
    const Arch arch = view.arch;
    const fs::path& empty = view.empty;
    write_file(empty / "status", "");
    std::vector<std::string> arguments{program};
    for (const std::string& option : view.suite) {
        arguments.emplace_back("-o");
        arguments.push_back(option);
    }
    for (const std::string& option :
         {fmt::format("APT::Architecture={}", debian_name(arch)),
          fmt::format("APT::Architectures={}", debian_name(arch)),
          fmt::format("Dir::State::status={}", (empty / "status").string()),
          fmt::format("Dir::State::extended_states={}", (empty / "extended_states").string()),
          fmt::format("Dir::Cache::archives={}/", (empty / "archives").string()),
          // No cache of the lists, because an ordinary user must not write the machine's.
          std::string("Dir::Cache::pkgcache="), std::string("Dir::Cache::srcpkgcache="),
          std::string("Debug::NoLocking=1"), std::string("APT::Install-Recommends=0"),
          std::string("APT::Install-Suggests=0"), std::string("Acquire::Languages=none"),
          // Otherwise apt would treat "linux-image-6.1" as a regular expression.
          std::string("APT::Cmd::Pattern-Only=1"),
          // Otherwise --print-uris prints MD5.
          std::string("Acquire::ForceHash=SHA256")}) {
        arguments.emplace_back("-o");
        arguments.push_back(option);
    }
    arguments.insert(arguments.end(), question.begin(), question.end());
    return run_process(
        arguments, {.deadline = std::chrono::minutes(2), .directory = {}, .environment = {{"LC_ALL", "C"}}});
}

std::vector<std::string> dependencies(const std::string& name, const View& view) {
    return lines_after("  Depends: ", ask_apt("apt-cache", view, {"depends", name}).out);
}

/// "linux-image-arm64" → "linux-image-6.1.0-37-arm64". From Debian 14 on that package is empty, and depends
/// on others for image, modules and configuration: then those. Other names stay.
std::vector<std::string> kernel_packages(const std::string& name, const View& view) {
    constexpr std::string_view image = "linux-image-";
    if (!name.starts_with(image))
        return {name};
    std::string kernel = name;
    std::vector<std::string> needs = dependencies(kernel, view);
    if (const auto real =
            std::ranges::find_if(needs, [&](const auto& need) { return need.starts_with(image); });
        real != needs.end()) {
        kernel = *real;
        needs = dependencies(kernel, view);
    }
    std::vector<std::string> packages{kernel};
    const std::string release = kernel.substr(image.size());
    for (const std::string& need : needs)
        if (need.starts_with("linux-") && need.ends_with("-" + release))
            packages.push_back(need);
    return packages;
}

[[noreturn]] void throw_refusal(const PackageRequest& request, const ProcessResult& answer) {
    const std::string_view arch = debian_name(request.arch);
    std::vector<std::string> unknown = lines_after("E: Unable to locate package ", answer.err);
    for (const std::string& name : request.names)
        if (answer.err.find(fmt::format("E: Package '{}' has no installation candidate", name)) !=
                std::string::npos ||
            answer.err.find(fmt::format("from package {} as it has no candidate", name)) != std::string::npos)
            unknown.push_back(name);
    if (!unknown.empty() && !request.suite.empty())
        throw NoSuchPackage(fmt::format("the suite {} has no package {} for {}", request.suite,
                                        fmt::join(unknown, ", "), arch),
                            "correct the name, or choose another suite", unknown);
    if (!unknown.empty())
        throw NoSuchPackage(
            fmt::format("this machine's apt sources have no package {} for {}", fmt::join(unknown, ", "),
                        arch),
            fmt::format(
                "correct the name, or run `apt-get update` (before that, `dpkg --add-architecture {}` "
                "when apt does not know {}; ci/setup does both)",
                arch, arch),
            unknown);
    // "Reading package lists..." and the like come first.
    const std::size_t reason = answer.out.find("The following packages have unmet dependencies");
    throw usage_error(fmt::format("apt cannot choose packages for {}:\n{}{}", arch,
                                  reason == std::string::npos ? "" : answer.out.substr(reason), answer.err),
                      "remove one of the packages that conflict");
}

/// Moves a downloaded file to its name in the cache. For a file:/ source apt makes a
/// symlink, but the cache needs the bytes.
void keep(const fs::path& arrived, const fs::path& name) {
    if (fs::is_symlink(arrived)) {
        write_file(name, read_file(arrived));
        return;
    }
    std::error_code error;
    fs::rename(arrived, name, error);
    if (error)
        throw system_error(fmt::format("cannot write {}", name.string()), error.value());
}

}  // namespace

std::vector<PackageOffer> apt_choose(const PackageRequest& request, const fs::path& scratch) {
    for (const std::string& name : request.names)
        check_name(name);
    const std::vector<std::string> suite = apt_suite_options(request.suite, request.arch, scratch);
    const TempDir empty(scratch);
    const View view{request.arch, suite, empty.path()};
    std::vector<std::string> question{"-q", "--print-uris", "--yes"};
    question.emplace_back(request.with_dependencies ? "install" : "download");
    for (const std::string& name : request.names)
        for (const std::string& package :
             request.with_dependencies ? std::vector{name} : kernel_packages(name, view))
            question.push_back(package);
    const ProcessResult answer = ask_apt("apt-get", view, question);
    if (answer.timed_out)
        throw host_error("apt-get did not answer within 2 minutes");
    if (answer.status != 0)
        throw_refusal(request, answer);

    // 'http://…/b_1_arm64.deb' b_1_arm64.deb 822236 SHA256:…
    std::vector<PackageOffer> offers;
    for (const std::string& line : lines_after("'", answer.out)) {
        PackageOffer offer;
        std::istringstream words(line);
        words >> offer.uri >> offer.file >> offer.size >> offer.sha256;
        constexpr std::string_view kind = "SHA256:";
        if (!words || !offer.uri.ends_with('\'') || !offer.sha256.starts_with(kind))
            throw host_error(
                fmt::format("apt-get printed a line that lktest does not understand: '{}", line));
        offer.uri.pop_back();
        offer.sha256.erase(0, kind.size());
        offers.push_back(std::move(offer));
    }
    std::sort(offers.begin(), offers.end(),
              [](const PackageOffer& a, const PackageOffer& b) { return a.file < b.file; });
    return offers;
}

void apt_download(const std::vector<const PackageOffer*>& offers, const fs::path& debs,
                  const Progress& progress) {
    constexpr std::uint64_t batch_size = 16 << 20;  // large enough to pipeline, small enough to show progress
    std::uint64_t done = 0, total = 0;
    for (const PackageOffer* offer : offers)
        total += offer->size;
    const TempDir arriving(debs);
    for (auto offer = offers.begin(); offer != offers.end();) {
        // Without the sandbox user, which could not write into this directory. apt still compares each file
        // with the hash from its signed lists.
        std::vector<std::string> command{"/usr/lib/apt/apt-helper", "-qq", "-o", "APT::Sandbox::User=root",
                                         "download-file"};
        auto first = offer;
        std::uint64_t size = 0;
        for (; offer != offers.end() && size < batch_size; ++offer) {
            command.push_back((*offer)->uri);
            command.push_back(arriving.path() / (*offer)->file);
            command.push_back("SHA256:" + (*offer)->sha256);
            size += (*offer)->size;
        }
        const ProcessResult result = run_process(
            command,
            {.deadline = std::chrono::minutes(20), .directory = {}, .environment = {{"LC_ALL", "C"}}});
        if (result.status != 0) {
            std::vector<std::string> reasons = lines_after("E: Failed to fetch ", result.err);
            if (reasons.empty())
                reasons.push_back(result.timed_out ? "no answer within 20 minutes" : result.err);
            const bool gone = reasons.front().find("404") != std::string::npos;
            throw host_error(fmt::format("cannot download {}", reasons.front()),
                             gone
                                 ? "run `apt-get update`: the package has a newer version now"
                                 : "check the connection to the apt sources; finished downloads stay cached");
        }
        for (; first != offer; ++first)
            keep(arriving.path() / (*first)->file, debs / (*first)->file);
        done += size;
        if (progress)
            progress("packages", done, total);
    }
}

}  // namespace lktest
