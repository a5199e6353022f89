// SPDX-License-Identifier: MIT
#include "builder/base/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "builder/base/error.hpp"
#include "builder/base/pipe.hpp"

namespace lktest {
namespace {

constexpr std::size_t capture_limit = 16 << 20;

/// Runs in the child between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(char* const* argv, char* const* envp, const char* directory, int out, int err,
                         int report, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Child processes must not inherit the blocked signals: Ctrl-C must end them.
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (::getppid() != parent)
        ::_exit(127);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    if (*directory == '\0' || ::chdir(directory) == 0)
        ::execvpe(argv[0], argv, envp);
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(report, &error, sizeof error);
    ::_exit(127);
}

/// Appends what can be read; false at the end of the stream.
bool drain(int fd, std::string& text) {
    char chunk[65536];
    const ssize_t count = ::read(fd, chunk, sizeof chunk);
    if (count < 0)
        return errno == EINTR || errno == EAGAIN;
    if (text.size() < capture_limit)
        text.append(chunk, static_cast<std::size_t>(count));
    return count > 0;
}

}  // namespace

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) < 0)
        throw system_error("cannot make a pipe", errno);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

ProcessResult run_process(const std::vector<std::string>& arguments, const ProcessOptions& options) {
    using Clock = std::chrono::steady_clock;
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    std::vector<std::string> added;
    std::vector<char*> envp;
    for (const auto& [key, value] : options.environment)
        added.push_back(key + "=" + value);
    for (std::string& entry : added)
        envp.push_back(entry.data());
    // If a name occurs twice, shells differ in which one they use.
    const auto is_replaced = [&options](std::string_view entry) {
        return std::ranges::any_of(options.environment, [entry](const auto& variable) {
            return entry.starts_with(variable.first) && entry.substr(variable.first.size()).starts_with('=');
        });
    };
    for (char** entry = environ; *entry; ++entry)
        if (!is_replaced(*entry))
            envp.push_back(*entry);
    envp.push_back(nullptr);

    Pipe out = make_pipe(), err = make_pipe(), report = make_pipe();
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0)
        throw system_error(fmt::format("cannot start {}", arguments[0]), errno);
    if (child == 0)
        become(argv.data(), envp.data(), options.directory.c_str(), out.write.get(), err.write.get(),
               report.write.get(), parent);
    out.write.reset();
    err.write.reset();
    report.write.reset();

    int failure = 0;
    if (::read(report.read.get(), &failure, sizeof failure) == sizeof failure) {
        ::waitpid(child, nullptr, 0);
        const std::string hint =
            failure == ENOENT ? fmt::format("install the Debian package that has {}", arguments[0]) : "";
        throw system_error(fmt::format("cannot start {}", arguments[0]), failure, hint);
    }

    ProcessResult result;
    const Clock::time_point deadline = Clock::now() + options.deadline;
    while (out.read || err.read) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) {
            result.timed_out = true;
            ::kill(child, SIGKILL);
            break;
        }
        std::array<pollfd, 2> ends{pollfd{out.read.get(), POLLIN, 0}, pollfd{err.read.get(), POLLIN, 0}};
        ::poll(ends.data(), ends.size(), static_cast<int>(left));
        if (ends[0].revents != 0 && !drain(ends[0].fd, result.out))
            out.read.reset();
        if (ends[1].revents != 0 && !drain(ends[1].fd, result.err))
            err.read.reset();
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

std::string check_process(const std::vector<std::string>& arguments, const ProcessOptions& options) {
    ProcessResult result = run_process(arguments, options);
    if (result.status == 0 && !result.timed_out)
        return std::move(result.out);
    std::string said = result.err.empty() ? result.out : result.err;
    if (said.size() > 2000)
        said = "…" + said.substr(said.size() - 2000);
    const std::string how =
        result.timed_out
            ? fmt::format("did not end within {} s",
                          std::chrono::duration_cast<std::chrono::seconds>(options.deadline).count())
            : fmt::format("failed with status {}", result.status);
    throw host_error(fmt::format("{} {}\n{}", fmt::join(arguments, " "), how, said));
}

}  // namespace lktest
