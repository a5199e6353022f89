// SPDX-License-Identifier: MIT
#include "harness/run/watched.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "builder/base/error.hpp"
#include "builder/base/hash.hpp"
#include "builder/recipe.hpp"
#include "harness/run/kernel_images.hpp"
#include "harness/run/lookup.hpp"
#include "harness/run/own_media.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// Each look costs a stat(2) per file of a root. Looks are at least this far apart, and use at most a tenth
/// of one core.
constexpr auto between_looks = 500ms;
constexpr int looks_share = 10;

constexpr std::array ending{SIGINT, SIGTERM, SIGHUP};

std::vector<fs::path> inputs_of_recipe(const RunOptions& options) {
    const fs::path file = find_data(recipe_files, recipe_word(options));
    std::vector<fs::path> paths{file};
    Recipe recipe;
    try {
        recipe = read_recipe(file);
    } catch (const Error&) {  // the run itself will report the error
        return paths;
    }
    if (recipe.root.kind == RootKind::system)
        throw usage_error("--watch cannot be used with the running system, which never stops changing",
                          "use a recipe whose root is a directory, an archive or packages");
    for (const fs::path& path :
         {recipe.root.path, recipe.splash, recipe.kernel_image, recipe.kernel_modules, recipe.loader_iso})
        if (!path.empty())
            paths.push_back(path);
    return paths;
}

/// The result of stat(2), as text.
std::string state_of(const fs::path& path, bool follow) {
    struct stat status {};
    if ((follow ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status)) < 0)
        return fmt::format("{}\n-\n", path.string());
    return fmt::format("{}\n{} {:o} {}.{} {}.{} {}:{}\n", path.string(), status.st_size, status.st_mode,
                       status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                       status.st_ctim.tv_nsec, status.st_dev, status.st_ino);
}

/// The state of everything below a directory. Entries that vanish or cannot be read are skipped. The sum does
/// not depend on the order of the directory entries.
std::uint64_t state_below(const fs::path& directory, const fs::path& except) {
    std::uint64_t sum = 0;
    std::error_code failed;
    fs::recursive_directory_iterator entry(fs::canonical(directory, failed),
                                           fs::directory_options::skip_permission_denied, failed);
    for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
        if (entry->path() == except)
            entry.disable_recursion_pending();
        else
            sum += hash(state_of(entry->path(), false));
    }
    return sum;
}

/// Blocks the signals that end a program, and SIGCHLD, until next() collects them.
class AwaitedSignals {
public:
    AwaitedSignals() {
        ::sigemptyset(&set_);
        for (const int number : ending)
            ::sigaddset(&set_, number);
        ::sigaddset(&set_, SIGCHLD);
        ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
    }
    AwaitedSignals(const AwaitedSignals&) = delete;
    AwaitedSignals& operator=(const AwaitedSignals&) = delete;
    ~AwaitedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    /// The next signal; its si_signo is 0 if none arrived in time.
    siginfo_t next(std::chrono::milliseconds patience) const {
        const timespec time{patience.count() / 1000, patience.count() % 1000 * 1000000};
        siginfo_t info{};
        if (::sigtimedwait(&set_, &info, &time) < 0)
            info.si_signo = 0;
        return info;
    }

    const sigset_t& before() const { return before_; }

private:
    sigset_t set_{}, before_{};
};

/// How a run ended, and whether the user wants to stop.
struct Ended {
    int status = 0;
    bool enough = false;
};

pid_t start(const std::vector<std::string>& command, const AwaitedSignals& signals) {
    std::vector<char*> arguments;
    for (const std::string& word : command)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0)
        throw system_error("cannot start lktest again", errno);
    if (child > 0)
        return child;
    ::pthread_sigmask(SIG_SETMASK, &signals.before(), nullptr);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() == parent)  // otherwise the parent has already died
        ::execv("/proc/self/exe", arguments.data());
    ::_exit(static_cast<int>(ExitCode::host));
}

/// Ctrl-C at a terminal reaches the run by itself; other signals to this process are passed on.
Ended run_once(const std::vector<std::string>& command, const AwaitedSignals& signals) {
    const pid_t child = start(command, signals);
    Ended ended;
    for (;;) {
        int status = 0;
        if (::waitpid(child, &status, WNOHANG) == child) {
            ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : static_cast<int>(ExitCode::host);
            return ended;
        }
        const siginfo_t signal = signals.next(1s);
        if (std::ranges::find(ending, signal.si_signo) == ending.end())
            continue;
        ended.enough = true;
        if (signal.si_code != SI_KERNEL)
            ::kill(child, signal.si_signo);
    }
}

/// Waits until the inputs have changed and two consecutive looks agree.
/// @return false if the user wants to stop
bool wait_for_change(const RunOptions& options, const fs::path& except, std::uint64_t before,
                     const AwaitedSignals& signals) {
    std::uint64_t last = before;
    std::chrono::milliseconds pause = between_looks;
    for (;;) {
        if (std::ranges::find(ending, signals.next(pause).si_signo) != ending.end())
            return false;
        const Clock::time_point begin = Clock::now();
        const std::uint64_t now = fingerprint(inputs_of(options), except);
        if (now != before && now == last)
            return true;
        last = now;
        pause = std::max<std::chrono::milliseconds>(
            between_looks, looks_share * std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - begin));
    }
}

}  // namespace

std::vector<fs::path> inputs_of(const RunOptions& options) {
    std::vector<fs::path> paths;
    if (boots_kernel(options))
        paths = inputs_of_kernel(options);
    else if (options.isos.empty())
        paths = inputs_of_recipe(options);
    for (const Image& iso : options.isos)
        paths.push_back(iso.path);
    for (const std::string& word : options.scenarios)
        paths.push_back(find_data(scenario_files, word));
    if (!options.known_failures.empty())
        paths.push_back(options.known_failures);
    return paths;
}

std::uint64_t fingerprint(const std::vector<fs::path>& paths, const fs::path& except) {
    std::uint64_t sum = 0;
    for (const fs::path& path : paths) {
        sum += hash(state_of(path, true));
        std::error_code none;
        if (fs::is_directory(path, none))
            sum += state_below(path, except);
    }
    return sum;
}

int watch_and_run(const RunOptions& options) {
    if (options.keep)
        throw usage_error("--watch boots again and again, but --keep waits for you at the end of a run",
                          "omit one of them");
    std::vector<std::string> command = options.command;
    std::erase(command, "--watch");
    const fs::path except = fs::weakly_canonical(options.output);
    const AwaitedSignals signals;
    for (;;) {
        const std::uint64_t before = fingerprint(inputs_of(options), except);
        const Ended ended = run_once(command, signals);
        if (ended.enough)
            return ended.status;
        fmt::print(stderr, "lktest: waiting for a change; Ctrl-C ends\n");
        if (!wait_for_change(options, except, before, signals))
            return ended.status;
    }
}

}  // namespace lktest
