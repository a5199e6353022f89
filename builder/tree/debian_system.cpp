// SPDX-License-Identifier: MIT
#include "builder/tree/debian_system.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/problem.hpp"
#include "builder/base/process.hpp"
#include "builder/cache.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

struct Target {
    std::string uri, release, component, signed_by;
};

std::vector<Target> targets_of(const std::string& text) {
    std::vector<Target> targets;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        Target target;
        std::istringstream fields(line);
        for (std::string* field : {&target.uri, &target.release, &target.component, &target.signed_by})
            std::getline(fields, *field, '|');
        // apt prints the name of a field without a value.
        if (target.signed_by.starts_with('$'))
            target.signed_by.clear();
        if (!target.component.empty())
            targets.push_back(std::move(target));
    }
    return targets;
}

std::string apt_targets() {
    return check_process({"apt-get", "indextargets", "--format",
                          "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)", "Created-By: Packages"});
}

[[noreturn]] void throw_no_suite(const std::string& suite, const std::string& targets) {
    std::set<std::string> known;
    for (const Target& target : targets_of(targets))
        known.insert(target.release);
    throw usage_error(fmt::format("this machine's apt sources do not have the suite {}, only {}", suite,
                                  fmt::join(known, ", ")),
                      "name one of these, or add it below /etc/apt/sources.list.d and run `apt-get update`");
}

/// Whether the kernel runs programs of that architecture, natively or with qemu-user.
void check_executable(Arch arch) {
    utsname host{};
    ::uname(&host);
    if (name(arch) == host.machine)
        return;
    if (!fs::exists(fmt::format("/proc/sys/fs/binfmt_misc/qemu-{}", name(arch))))
        throw host_error(
            fmt::format("the packages' scripts for {} cannot be executed on {}", name(arch), host.machine),
            "install qemu-user-static, binfmt-support and arch-test, or use a recipe that executes nothing, "
            "as "
            "recovery");
}

void install(const DebianRequest& request, const std::vector<std::string>& sources, const fs::path& tar,
             const fs::path& scratch) {
    const TempDir own(scratch);
    const fs::path list = own.path() / "sources.list";
    write_file(list, fmt::format("{}\n", fmt::join(sources, "\n")));
    const fs::path made = own.path() / "root.tar";
    std::vector<std::string> command{"mmdebstrap", "--quiet", "--variant=minbase",
                                     fmt::format("--architectures={}", debian_name(request.arch))};
    if (!request.packages.empty())
        command.push_back(fmt::format("--include={}", fmt::join(request.packages, ",")));
    command.insert(command.end(), {request.suite, made, list});
    ProcessOptions options;
    options.deadline = std::chrono::minutes(45);  // the other architecture's scripts are emulated
    options.environment = {{"LC_ALL", "C.UTF-8"}};
    if (request.latest_time)
        options.environment.emplace_back("SOURCE_DATE_EPOCH", std::to_string(*request.latest_time));
    const ProcessResult result = run_process(command, options);
    const std::string unknown = "E: Unable to locate package ";
    if (const std::size_t at = result.err.find(unknown); at != std::string::npos)
        throw usage_error(fmt::format("{} has no package {} for {}", request.suite,
                                      result.err.substr(at + unknown.size(),
                                                        result.err.find('\n', at) - at - unknown.size()),
                                      debian_name(request.arch)),
                          "correct [packages] in the recipe");
    if (result.status != 0 || result.timed_out)
        throw host_error(fmt::format(
            "mmdebstrap {}\n{}", result.timed_out ? "did not end within 45 minutes" : "failed",
            result.err.substr(result.err.size() - std::min<std::size_t>(result.err.size(), 2000))));
    fs::rename(made, tar);
}

}  // namespace

std::vector<std::string> suite_sources(const std::string& targets, const std::string& suite) {
    std::vector<std::string> lines;
    for (const Target& target : targets_of(targets)) {
        if (target.release != suite && !target.release.starts_with(suite + "-"))
            continue;
        std::string line =
            fmt::format("deb {}{} {} {}",
                        target.signed_by.empty() ? "" : fmt::format("[signed-by={}] ", target.signed_by),
                        target.uri, target.release, target.component);
        if (std::ranges::find(lines, line) == lines.end())
            lines.push_back(std::move(line));
    }
    return lines;
}

fs::path debian_system(const DebianRequest& request, const fs::path& cache, const Why& why) {
    const std::string targets = apt_targets();
    const std::vector<std::string> sources = suite_sources(targets, request.suite);
    if (sources.empty())
        throw_no_suite(request.suite, targets);
    const std::string inputs =
        fmt::format("suite {}\npackages {}\ntime {}\n{}\n", request.suite, fmt::join(request.packages, " "),
                    request.latest_time.value_or(0), fmt::join(sources, "\n"));
    return cached(cache, fmt::format("debian-{}", name(request.arch)), inputs, [&](const fs::path& tar) {
        check_executable(request.arch);
        why(fmt::format("root: mmdebstrap installs {} and {} packages with their scripts", request.suite,
                        request.packages.size()));
        install(request, sources, tar, tar.parent_path());
    });
}

}  // namespace lktest
