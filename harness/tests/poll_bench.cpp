// SPDX-License-Identifier: MIT
// Measures the cost of reading a guest's kernel log from its memory, and compares it with the console. For
// ci/bench: boots one of our ISOs, reads the log as `lktest run` does for a silent console, and prints JSON:
//   polls, poll_seconds (median, after the kernel is found), share (of the boot's time, all polls),
//   console_lines (of the kernel), wrong_lines (missing from the log, or in another order).
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <sstream>

#include "builder/base/file.hpp"
#include "firmware/find.hpp"
#include "firmware/variables.hpp"
#include "harness/boot/onlooker.hpp"
#include "harness/machine/domain.hpp"
#include "harness/machine/domain_xml.hpp"
#include "harness/machine/event_loop.hpp"
#include "harness/machine/serial_line.hpp"

namespace lktest {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr auto between_polls = std::chrono::milliseconds(200);
constexpr auto patience = std::chrono::minutes(10);
constexpr std::string_view userspace = "lktest: userspace: ready";

MachineSpec machine(const std::filesystem::path& iso, Arch arch, Firmware firmware,
                    const std::filesystem::path& directory) {
    MachineSpec spec{.cell = {.scenario = "poll", .image = {"iso", iso}, .arch = arch, .firmware = firmware},
                     .domain_name = "poll-bench",
                     .settings = {},
                     .serial_pipe = directory / "serial",
                     .port_pipe = directory / "port"};
    if (is_uefi(firmware)) {
        spec.firmware = std::get<FirmwareImages>(choose_firmware(find_firmware(), {arch, firmware}));
        spec.variables = directory / "variables.fd";
        make_variable_store(arch, *spec.firmware, spec.variables);
    }
    return spec;
}

/// The lines of the kernel's records, in their order.
std::vector<std::string> records_in(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream all(text);
    for (std::string line; std::getline(all, line);) {
        if (line.ends_with('\r'))
            line.pop_back();
        if (const std::size_t at = line.find("[ "); at != line.npos)
            lines.push_back(line.substr(at));
    }
    return lines;
}

int run(const std::filesystem::path& iso, Arch arch, Firmware firmware) {
    const TempDir root, directory;
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> busy{io.get_executor()};
    EventLoop loop{io};
    Connection libvirt = Connection::embedded(root.path(), root.path() / "cache");
    ConsolePipe console_pipe = ConsolePipe::make(directory.path() / "serial");
    const ConsolePipe port = ConsolePipe::make(directory.path() / "port");
    const MachineSpec spec = machine(iso, arch, firmware, directory.path());
    Domain guest = Domain::create(libvirt, spec.domain_name, domain_xml(spec), [](const DomainEvent&) {});
    std::string console, log;
    const Onlooker onlooker(guest, arch);
    const SerialLine serial(io, std::move(console_pipe), [&](std::string_view bytes) { console += bytes; });
    const auto follower = onlooker.follow(guest, spec.cell);
    const auto begin = Clock::now();
    guest.resume();
    std::vector<Seconds> polls;
    Seconds all{};
    while (console.find(userspace) == console.npos) {
        if (Clock::now() > begin + patience) {
            fmt::print(stderr, "poll_bench: the guest did not reach userspace\n");
            return 1;
        }
        io.run_one_for(between_polls);
        io.run_for(between_polls);
        const auto before = Clock::now();
        const std::string more = follower->log();
        const Seconds took = Clock::now() - before;
        all += took;
        if (!log.empty())
            polls.push_back(took);
        log += more;
    }
    const Seconds whole = Clock::now() - begin;
    guest.destroy();
    std::ranges::sort(polls);

    const std::vector<std::string> shown = records_in(console), kept = records_in(log);
    // The log also has lines of debug level.
    std::size_t wrong = 0;
    auto at = kept.begin();
    for (const std::string& line : shown) {
        const auto found = std::find(at, kept.end(), line);
        if (found == kept.end())
            ++wrong;
        else
            at = found + 1;
    }
    fmt::print(
        "{{\"polls\": {}, \"poll_seconds\": {:.7f}, \"share\": {:.5f}, \"console_lines\": {}, "
        "\"wrong_lines\": {}}}\n",
        polls.size(), polls.empty() ? 0.0 : polls[polls.size() / 2].count(), all.count() / whole.count(),
        shown.size(), wrong);
    return 0;
}

}  // namespace
}  // namespace lktest

int main(int count, char** words) {
    using namespace lktest;
    if (count != 4) {
        fmt::print(stderr, "usage: poll_bench ISO x86_64|aarch64 bios|uefi\n");
        return 2;
    }
    try {
        return run(words[1], std::string_view(words[2]) == "x86_64" ? Arch::x86_64 : Arch::aarch64,
                   std::string_view(words[3]) == "bios" ? Firmware::bios : Firmware::uefi);
    } catch (const std::exception& error) {
        fmt::print(stderr, "poll_bench: {}\n", error.what());
        return 3;
    }
}
