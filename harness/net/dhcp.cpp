// SPDX-License-Identifier: MIT
#include "harness/net/dhcp.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <fstream>
#include <vector>

#include "builder/base/error.hpp"
#include "builder/base/pipe.hpp"

namespace lktest {
namespace asio = boost::asio;
namespace {

constexpr std::size_t log_limit = 4 << 20;
constexpr std::size_t line_limit = 4096;
constexpr std::size_t last_words_limit = 5;  // lines

std::vector<std::string> command(Tap tap, const std::vector<std::string>& options) {
    std::vector<std::string> arguments{
        "dnsmasq",
        "--conf-file=/dev/null",
        "--keep-in-foreground",
        "--log-facility=-",  // standard error
        "--log-dhcp",
        "--pid-file=",
        "--user=root",  // "change nothing": see keep_only()
        "--group=root",
        "--port=0",  // no DNS
        fmt::format("--interface={}", tap_name),
        "--except-interface=lo",
        "--bind-interfaces",
        fmt::format("--dhcp-range={0},{0},255.255.255.0,1h", guest_address),
        // Firmware, initramfs and system of one guest identify themselves differently, but must all get the
        // one address.
        "--dhcp-ignore-clid",
        "--leasefile-ro",
        "--no-ping",
        "--dhcp-authoritative",
    };
    if (tap.ipv6) {
        // Without a router, iPXE waits more than ten seconds for one.
        arguments.emplace_back("--enable-ra");
        arguments.emplace_back("--dhcp-range=fd00:2::,ra-only,64");
    }
    arguments.insert(arguments.end(), options.begin(), options.end());
    return arguments;
}

/// To answer guests without an address (broadcasts, and an entry in the neighbour table), for router
/// advertisements, and for port 67.
constexpr std::array dhcp_capabilities{CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE};

/// Makes the calling process run as nobody if it runs as root, with only these capabilities and no way to
/// gain more. Async-signal-safe. Returns false with errno set on failure.
template <std::size_t count>
bool keep_only(const std::array<int, count>& capabilities) {
    constexpr uid_t nobody = 65534;
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> kept{};
    const auto is_kept = [&](int capability) {
        return (kept[CAP_TO_INDEX(capability)].permitted & CAP_TO_MASK(capability)) != 0;
    };
    for (const int capability : capabilities) {
        auto& set = kept[CAP_TO_INDEX(capability)];
        set.permitted |= CAP_TO_MASK(capability);
        set.effective = set.inheritable = set.permitted;
    }
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability)
        if (!is_kept(capability))
            ::prctl(PR_CAPBSET_DROP, capability);  // fails where the capability is not available
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    // System calls, because the C library would notify other threads, which a child does not have.
    if (::geteuid() == 0 && (::prctl(PR_SET_KEEPCAPS, 1) < 0 || ::syscall(SYS_setgroups, 0, nullptr) < 0 ||
                             ::syscall(SYS_setresgid, nobody, nobody, nobody) < 0 ||
                             ::syscall(SYS_setresuid, nobody, nobody, nobody) < 0))
        return false;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    if (::syscall(SYS_capset, &header, kept.data()) < 0)
        return false;
    for (const int capability : capabilities)
        if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
            return false;
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/// Runs in the child between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(char* const* argv, int log, int report, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
        ::_exit(127);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    // Leaves the terminal's process group, because Ctrl-C is for the harness, which ends its cells cleanly.
    ::setpgid(0, 0);
    if (!keep_only(dhcp_capabilities)) {
        const int error = errno;
        [[maybe_unused]] const ssize_t written = ::write(report, &error, sizeof error);
        ::_exit(127);
    }
    // The change of privileges has cleared this.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
        ::_exit(127);
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, 0);
    ::dup2(null, 1);
    ::dup2(log, 2);
    ::execvp(argv[0], argv);
    ::execv("/usr/sbin/dnsmasq", argv);  // not in the PATH of a plain user
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(report, &error, sizeof error);
    ::_exit(127);
}

pid_t start(const std::vector<std::string>& arguments, int log) {
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    Pipe report = make_pipe();
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0)
        throw system_error("cannot start dnsmasq", errno);
    if (child == 0)
        become(argv.data(), log, report.write.get(), parent);
    report.write.reset();
    int error = 0;
    if (::read(report.read.get(), &error, sizeof error) == sizeof error) {
        ::waitpid(child, nullptr, 0);
        throw system_error("cannot start dnsmasq, the DHCP server", error,
                           error == ENOENT ? "install the Debian package dnsmasq-base" : "");
    }
    return child;
}

}  // namespace

struct DhcpServer::Child {
    Child(asio::io_context& io, const std::filesystem::path& log_file, DhcpHandlers its_handlers)
        : log(io), file(log_file, std::ios::binary), handlers(std::move(its_handlers)) {
        if (!file)
            throw host_error(fmt::format("cannot write {}", log_file.string()));
    }

    void read_line(const std::string& said) {
        last_words.push_back(said);
        if (last_words.size() > last_words_limit)
            last_words.erase(last_words.begin());
        if (said.find("sockets bound exclusively to interface") != std::string::npos)
            handlers.on_ready();
        else if (const auto message = parser.read(said))
            handlers.on_message(*message);
    }

    /// Processes a piece of dnsmasq's output.
    void take(std::string_view text) {
        if (logged < log_limit) {
            file << text;
            if (logged + text.size() >= log_limit)
                file << "\n[lktest: the limit is reached; later output is not recorded]\n";
            file.flush();
        }
        logged += text.size();
        while (!text.empty() && owned) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            if (line.size() < line_limit)
                line += text.substr(0, end);
            if (end == text.size())
                return;
            read_line(std::exchange(line, {}));
            text.remove_prefix(end + 1);
        }
    }

    /// Its wait status. Kills it first if it still runs.
    int end() {
        int status = 0;
        if (pid > 0) {
            ::kill(pid, SIGKILL);
            while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
            }
        }
        pid = 0;
        return status;
    }

    pid_t pid = 0;
    asio::posix::stream_descriptor log;
    std::ofstream file;
    std::size_t logged = 0;
    std::string line;
    std::vector<std::string> last_words;
    DhcpLog parser;
    DhcpHandlers handlers;
    bool owned = true;  ///< false after the server object is destroyed
};

DhcpServer::DhcpServer(asio::io_context& io, const Netns& netns, Tap tap,
                       const std::vector<std::string>& options, const std::filesystem::path& log_file,
                       DhcpHandlers handlers)
    : child_(std::make_shared<Child>(io, log_file, std::move(handlers))) {
    Pipe log = make_pipe();
    const std::vector<std::string> arguments = command(tap, options);
    child_->pid = netns.run([&] { return start(arguments, log.write.get()); });
    child_->log.assign(log.read.release());
    asio::co_spawn(io, follow(child_), asio::detached);
}

asio::awaitable<void> DhcpServer::follow(std::shared_ptr<Child> child) {
    std::array<char, 4096> chunk;
    boost::system::error_code error;
    while (!error) {
        const auto buffer = asio::buffer(chunk);
        const std::size_t size =
            co_await child->log.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
        child->take({chunk.data(), size});
    }
    if (!child->owned)
        co_return;
    const int status = child->end();
    child->handlers.on_death(fmt::format("dnsmasq, the DHCP server, {} {}: {}",
                                         WIFSIGNALED(status) ? "was ended by signal" : "ended with status",
                                         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                                         fmt::join(child->last_words, "; ")));
}

DhcpServer::~DhcpServer() {
    child_->owned = false;
    child_->log.close();
    child_->end();
}

}  // namespace lktest
