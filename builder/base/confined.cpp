// SPDX-License-Identifier: MIT
#include "builder/base/confined.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <numeric>
#include <vector>

#include "builder/base/pipe.hpp"

namespace lktest {
namespace {

constexpr std::string_view command = "confined";
constexpr const char* mark = "LKTEST_CONFINED";
constexpr int input_file = 3, first_file = 4;
constexpr std::size_t answer_limit = 256 << 20;

// The first byte of an answer.
enum Said : char { answer = 'A', usage = 'U', host = 'H', no_memory = 'M' };

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;  // which reserves terabytes of address space
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
#else
constexpr bool sanitized = false;
#endif

#if defined(__x86_64__)
constexpr std::uint32_t machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t machine = AUDIT_ARCH_AARCH64;
#else
#error "name this processor's AUDIT_ARCH"
#endif

/// The system calls for reading, mapping and computing. Many are needed by the memory allocator and C++'s
/// runtime.
constexpr std::array allowed{SYS_read,           SYS_pread64,        SYS_readv,        SYS_write,
                             SYS_writev,         SYS_lseek,          SYS_mmap,         SYS_munmap,
                             SYS_mremap,         SYS_mprotect,       SYS_madvise,      SYS_brk,
                             SYS_fstat,          SYS_newfstatat,     SYS_close,        SYS_futex,
                             SYS_exit,           SYS_exit_group,     SYS_getrandom,    SYS_clock_gettime,
                             SYS_rt_sigaction,   SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
                             SYS_sched_yield,    SYS_getpid,         SYS_gettid,       SYS_dup,
                             SYS_restart_syscall};

/// Every other system call fails with EPERM.
void forbid_the_rest() {
    const auto load = [](std::size_t at) {
        return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(at));
    };
    const auto answer_with = [](std::uint32_t what) { return sock_filter BPF_STMT(BPF_RET | BPF_K, what); };
    std::vector<sock_filter> filter{load(offsetof(seccomp_data, arch)),
                                    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, machine, 1, 0),
                                    answer_with(SECCOMP_RET_KILL_PROCESS), load(offsetof(seccomp_data, nr))};
    const auto allow = [&](long number) {
        filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1));
        filter.push_back(answer_with(SECCOMP_RET_ALLOW));
    };
    std::for_each(allowed.begin(), allowed.end(), allow);
    if (sanitized) {  // UBSan probes an address by writing from it into a pipe
        allow(SYS_pipe2);
#if defined(SYS_pipe)
        allow(SYS_pipe);
#endif
    }
    filter.push_back(answer_with(SECCOMP_RET_ERRNO | EPERM));
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    // On a kernel without seccomp the other limits still hold.
    ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

void limit(int resource, std::uint64_t soft, std::uint64_t hard) {
    const rlimit both{soft, hard};
    ::setrlimit(static_cast<__rlimit_resource>(resource), &both);
}

/// Bytes that are mapped now.
std::uint64_t address_space() {
    std::uint64_t pages = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%lu", &pages) != 1)
            pages = 0;
        std::fclose(file);
    }
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void give_up_everything(unsigned first_unused, std::uint64_t memory, std::uint64_t cpu_seconds) {
    constexpr unsigned nobody = 65534;
    ::close_range(first_unused, ~0U, 0);
    if (!sanitized)
        limit(RLIMIT_AS, address_space() + memory, address_space() + memory);
    limit(RLIMIT_CPU, cpu_seconds, cpu_seconds + 1);
    limit(RLIMIT_CORE, 0, 0);
    // In a namespace without such a user these fail; the filter holds either way.
    ::syscall(SYS_setgroups, 0, nullptr);
    ::syscall(SYS_setresgid, nobody, nobody, nobody);
    ::syscall(SYS_setresuid, nobody, nobody, nobody);
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const std::array<__user_cap_data_struct, 2> none{};
    ::syscall(SYS_capset, &header, none.data());
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a change of user has cleared it
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    forbid_the_rest();
}

std::string whole_of(int file) {
    std::string bytes;
    std::array<char, 65536> chunk;
    for (ssize_t count = 0; (count = ::read(file, chunk.data(), chunk.size())) > 0;)
        bytes.append(chunk.data(), static_cast<std::size_t>(count));
    return bytes;
}

void write_whole(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
        if (count <= 0)
            return;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

std::string said_of(const Error& error) {
    const char kind = error.kind() == Error::Kind::usage ? usage : host;
    return std::string(1, kind) + error.what() + '\0' + error.hint();
}

std::string do_job(const ConfinedJob& job, std::span<const int> files) {
    try {
        return std::string(1, answer) + job.work(files, whole_of(input_file));
    } catch (const Error& error) {
        return said_of(error);
    } catch (const std::bad_alloc&) {
        return std::string(1, no_memory);
    } catch (const std::exception& bug) {
        return said_of(host_error(fmt::format("this is a bug in lktest: {}", bug.what())));
    }
}

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// A file in memory with these bytes, read from its beginning.
UniqueFd file_of(std::string_view bytes) {
    UniqueFd file(::memfd_create("lktest-input", MFD_CLOEXEC));
    for (std::size_t done = 0; file && done < bytes.size();) {
        const ssize_t count =
            ::pwrite(file.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        if (count <= 0)
            throw system_error("cannot make a file in memory", errno);
        done += static_cast<std::size_t>(count);
    }
    if (!file)
        throw system_error("cannot make a file in memory", errno);
    return file;
}

/// How the process ended, and what it wrote.
struct Ended {
    int status = 0;  ///< exit status, or 128 + N after signal N
    bool timed_out = false;
    std::string out;
};

/// Runs between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(char* const* argv, char* const* envp, int out, std::span<int> files, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (::getppid() != parent)
        ::_exit(127);
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    // First move them away from their target numbers.
    const int above = input_file + static_cast<int>(files.size());
    out = ::fcntl(out, F_DUPFD_CLOEXEC, above);
    for (int& file : files)
        file = ::fcntl(file, F_DUPFD_CLOEXEC, above);
    ::dup2(null, 0);
    ::dup2(out, 1);
    ::dup2(null, 2);
    for (std::size_t i = 0; i < files.size(); ++i)
        ::dup2(files[i], input_file + static_cast<int>(i));
    ::execve("/proc/self/exe", argv, envp);
    ::_exit(127);
}

/// Reads the output of a process until it ends, or kills it at the deadline.
Ended read_to_end(pid_t child, int out, std::chrono::seconds patience) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point deadline = Clock::now() + patience;
    Ended ended;
    std::vector<char> chunk(1 << 16);
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd readable{out, POLLIN, 0};
        if (left <= 0 || ended.out.size() > answer_limit) {
            ended.timed_out = left <= 0;
            ::kill(child, SIGKILL);
            break;
        }
        if (::poll(&readable, 1, static_cast<int>(left)) <= 0)
            continue;
        const ssize_t count = ::read(out, chunk.data(), chunk.size());
        if (count == 0 || (count < 0 && errno != EINTR))
            break;
        ended.out.append(chunk.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ended;
}

std::string why_it_ended(const Ended& result, const ConfinedLimits& limits) {
    constexpr int by_signal = 128;
    if (result.timed_out)
        return fmt::format("it takes longer than {} s", limits.deadline.count());
    if (result.out.size() > answer_limit)
        return fmt::format("its answer is longer than {} MiB", answer_limit >> 20);
    if (result.status == by_signal + SIGXCPU)
        return fmt::format("it takes more than {} s of processor time", limits.cpu.count());
    if (result.status == by_signal + SIGKILL)
        return "its reader was killed; the machine may be out of memory";
    if (result.status > by_signal)
        return fmt::format("its reader crashed with signal {}; please report it", result.status - by_signal);
    return fmt::format("its reader ended with status {}", result.status);
}

}  // namespace

std::string run_confined(std::string_view job, std::span<const int> files, std::string_view input,
                         const ConfinedLimits& limits) {
    const UniqueFd input_fd = file_of(input);
    std::vector<int> passed{input_fd.get()};
    passed.insert(passed.end(), files.begin(), files.end());
    std::vector<std::string> arguments{"lktest",
                                       std::string(command),
                                       std::string(job),
                                       std::to_string(files.size()),
                                       std::to_string(limits.memory),
                                       std::to_string(limits.cpu.count())};
    std::vector<char*> argv;
    for (std::string& argument : arguments)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    // A program whose main() does not serve jobs would do its own work instead, and come here again.
    if (std::getenv(mark))
        throw ConfinedFailure("this program has no confined processes");
    std::string marked = std::string(mark) + "=1";
    std::vector<char*> envp{marked.data()};
    for (char** entry = environ; *entry; ++entry)
        envp.push_back(*entry);
    envp.push_back(nullptr);
    Pipe out = make_pipe();
    const pid_t parent = ::getpid(), child = ::fork();
    if (child < 0)
        throw system_error("cannot start a process that reads untrusted data", errno);
    if (child == 0)
        become(argv.data(), envp.data(), out.write.get(), passed, parent);
    out.write.reset();
    const Ended ended = read_to_end(child, out.read.get(), limits.deadline);
    if (ended.status != 0 || ended.timed_out || ended.out.empty() || ended.out.size() > answer_limit)
        throw ConfinedFailure(why_it_ended(ended, limits));
    const std::string& said = ended.out;
    if (said[0] == answer)
        return said.substr(1);
    if (said[0] == no_memory)
        throw ConfinedFailure(fmt::format("it needs more than {} MiB of memory", limits.memory >> 20));
    const std::size_t end = said.find('\0');
    const std::string hint = end == std::string::npos ? "" : said.substr(end + 1);
    throw Error(said[0] == usage ? Error::Kind::usage : Error::Kind::host, said.substr(1, end - 1), hint);
}

std::optional<int> serve_confined(int argc, char** argv, std::span<const ConfinedJob> jobs) {
    if (argc != 6 || argv[1] != command)
        return std::nullopt;
    constexpr std::size_t most_files = 1000;
    std::vector<int> files(std::min<std::size_t>(number(argv[3]), most_files));
    std::iota(files.begin(), files.end(), first_file);
    give_up_everything(static_cast<unsigned>(first_file) + static_cast<unsigned>(files.size()),
                       number(argv[4]), number(argv[5]));
    for (const ConfinedJob& job : jobs)
        if (job.name == argv[2])
            write_whole(do_job(job, files));
    ::_exit(0);  // skips the destructors of unused objects
}

}  // namespace lktest
