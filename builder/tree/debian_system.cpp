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
#include "builder/tree/apt_suite.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// Whether the kernel runs programs of that architecture, by itself or by qemu-user.
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

void install(const DebianRequest& request, const fs::path& tar, const fs::path& scratch) {
    const TempDir own(scratch);
    const fs::path list = own.path() / "suite.sources";
    write_file(list, as_deb822(existing_sources(request.suite, own.path())));
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

fs::path debian_system(const DebianRequest& request, const fs::path& cache, const Why& why) {
    const std::string inputs =
        fmt::format("suite {} of {}\npackages {}\ntime {}\n", request.suite, sources_identity(request.suite),
                    fmt::join(request.packages, " "), request.latest_time.value_or(0));
    return cached(cache, fmt::format("debian-{}", name(request.arch)), inputs, [&](const fs::path& tar) {
        check_executable(request.arch);
        why(fmt::format("root: mmdebstrap installs {} and {} packages with their scripts", request.suite,
                        request.packages.size()));
        install(request, tar, tar.parent_path());
    });
}

}  // namespace lktest
