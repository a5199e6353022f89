// SPDX-License-Identifier: MIT
#include "harness/machine/probe.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <vector>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/handle.hpp"
#include "builder/base/host_limits.hpp"
#include "builder/base/printable.hpp"
#include "builder/base/process.hpp"
#include "harness/machine/kvm_guest.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

using namespace std::chrono_literals;

/// The test guest takes 0.2 s on an idle machine. A KVM that is slower by this much is useless.
constexpr std::chrono::milliseconds proof_deadline = 4s;

/// Change it with the test guest, so that older results no longer count.
constexpr int proof_version = 2;

std::vector<std::string> command_line(const KvmGuest& guest, Accel accel, const fs::path& qemu) {
    std::vector<std::string> line{qemu.string(),
                                  "-machine",
                                  fmt::format("{},accel={}", guest.machine, name(accel)),
                                  "-cpu",
                                  accel == Accel::kvm ? "host" : "max",
                                  "-m",
                                  "32",
                                  "-no-user-config",
                                  "-nodefaults",
                                  "-no-reboot",
                                  "-display",
                                  "none"};
    line.insert(line.end(), guest.devices.begin(), guest.devices.end());
    return line;
}

/// QEMU's first error message, without its program name.
std::string complaint(std::string_view text) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.empty() || line.find("warning:") != line.npos)
            continue;
        const std::size_t own_name = line.starts_with("qemu-system-") ? line.find(": ") : line.npos;
        std::string_view said = own_name == line.npos ? line : line.substr(own_name + 2);
        if (constexpr std::string_view prefix = "error: "; said.starts_with(prefix))
            said.remove_prefix(prefix.size());
        return printable(said);
    }
    return {};
}

/// Why KVM cannot be used here at all; empty if it can be tried.
std::string kvm_is_out_of_reach(Arch arch) {
    if (arch != host_arch())
        return fmt::format("KVM cannot run {} guests on an {} machine", name(arch), name(host_arch()));
    const UniqueFd device(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
    if (device)
        return {};
    return fmt::format("cannot open /dev/kvm: {}", std::generic_category().message(errno));
}

/// A result is valid for this boot of the machine and this QEMU.
std::string proof_key(const fs::path& qemu) {
    std::error_code error;
    const auto size = fs::file_size(qemu, error);
    const auto time = fs::last_write_time(qemu, error).time_since_epoch().count();
    std::string boot = read_file("/proc/sys/kernel/random/boot_id");
    boot.erase(boot.find_last_not_of('\n') + 1);
    return fmt::format("{} {} {} {} {}", proof_version, boot, qemu.string(), size, time);
}

/// The cache: the key in the first line, the fault in the second.
std::optional<std::string> remembered(const fs::path& file, const std::string& key) try {
    const std::string text = read_file(file);
    if (!text.starts_with(key + "\n") || !text.ends_with('\n'))
        return std::nullopt;
    std::string fault = text.substr(key.size() + 1);
    if (!fault.empty())
        fault.pop_back();
    return fault.find('\n') == fault.npos ? std::optional(fault) : std::nullopt;
} catch (const Error&) {
    return std::nullopt;
}

void remember(const fs::path& file, const std::string& key, const std::string& fault) try {
    make_directories(file.parent_path());
    write_file(file, fmt::format("{}\n{}\n", key, fault));
} catch (const Error&) {
    // Without a cache the next run tests again.
}

std::string fault_of_kvm(Arch arch, const fs::path& qemu, const fs::path& cache) {
    const fs::path file = cache / fmt::format("kvm-{}", name(arch));
    const std::string key = proof_key(qemu);
    if (const auto known = remembered(file, key))
        return *known;
    const Proof proof = prove_accel(arch, Accel::kvm, qemu, proof_deadline);
    // A temporary limit shows nothing about KVM.
    if (proof.settled && hint_for_message(proof.fault).empty())
        remember(file, key, proof.fault);
    return proof.fault;
}

}  // namespace

std::optional<fs::path> find_qemu(Arch arch) {
    const char* path = std::getenv("PATH");
    std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
    while (!rest.empty()) {
        const std::string_view directory = rest.substr(0, rest.find(':'));
        rest.remove_prefix(std::min(rest.size(), directory.size() + 1));
        fs::path program = fs::path(directory) / fmt::format("qemu-system-{}", name(arch));
        if (program.is_absolute() && ::access(program.c_str(), X_OK) == 0)
            return program;
    }
    return std::nullopt;
}

Proof prove_accel(Arch arch, Accel accel, const fs::path& qemu, std::chrono::milliseconds deadline) {
    const KvmGuest guest = kvm_guest(arch);
    const TempDir directory;
    write_file(directory.path() / "guest.img", guest.image);
    const ProcessResult result =
        run_process(command_line(guest, accel, qemu), {.deadline = deadline, .directory = directory.path()});
    const std::string_view missing = missing_stage(guest, result.out);
    if (missing.empty())
        return {};
    const std::string words = complaint(result.err);
    return {.fault = words.empty() ? fmt::format("a test guest did not get through {}", missing)
                                   : fmt::format("a test guest stopped in {}, with '{}'", missing, words),
            .settled = !result.timed_out || !words.empty()};
}

AccelChoice choose_accel(Arch arch, std::optional<Accel> wish, const fs::path& cache) {
    if (wish == Accel::tcg)
        return {Accel::tcg, "requested"};
    const std::string obstacle = kvm_is_out_of_reach(arch);
    if (wish == Accel::kvm) {
        if (arch != host_arch())
            throw usage_error(fmt::format("--accel kvm: {}", obstacle), "omit it: --accel auto emulates");
        if (!obstacle.empty())
            throw host_error(obstacle, "join the group kvm, or omit --accel");
        return {Accel::kvm, "requested"};
    }
    if (!obstacle.empty())
        return {Accel::tcg, obstacle};
    const auto qemu = find_qemu(arch);
    if (!qemu)
        return {Accel::tcg, fmt::format("qemu-system-{} is not installed", name(arch))};
    const std::string fault = fault_of_kvm(arch, *qemu, cache);
    if (!fault.empty())
        return {Accel::tcg, fmt::format("KVM does not work here: {}", fault)};
    return {Accel::kvm, "a test guest ran successfully under KVM"};
}

}  // namespace lktest
