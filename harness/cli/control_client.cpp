// SPDX-License-Identifier: MIT
#include "harness/cli/control_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "builder/base/error.hpp"
#include "harness/boot/control.hpp"
#include "harness/machine/short_path.hpp"

namespace lktest {

namespace fs = std::filesystem;

ControlClient::ControlClient(const fs::path& run)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (!socket_)
        throw system_error("cannot make a socket", errno);
    std::error_code absent;
    fs::path directory = fs::exists(run / "latest", absent) ? run / "latest" : run;
    const ShortPath place(directory);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = place.of(control_name).string();
    std::memcpy(address.sun_path, path.data(), path.size());
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        throw usage_error(
            fmt::format("no lktest run is in progress in {}", directory.string()),
            "name the directory of a running one with --run; for a guest of libvirt, use --connect URI");
}

Json ControlClient::ask(const Json& question) {
    constexpr std::size_t longest_answer = 64 << 20;
    // Dumping the guest's memory takes seconds per GiB.
    const timeval patience{.tv_sec = 600, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const std::string line = question.dump() + "\n";
    std::string answer;
    bool lost =
        ::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size());
    for (char c = 0; !lost && c != '\n';) {  // byte by byte: later bytes belong to the caller
        lost = ::recv(socket_.get(), &c, 1, 0) != 1 || answer.size() > longest_answer;
        answer += c;
    }
    const Json said = Json::parse(answer, nullptr, false);
    if (lost || !said.is_object())
        throw host_error("the run ended before it answered");
    if (said.contains("error"))
        throw usage_error(said.value("error", ""), said.value("hint", ""));
    return said;
}

}  // namespace lktest
