// SPDX-License-Identifier: MIT
#include "harness/cli/doctor_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <system_error>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "firmware/find.hpp"
#include "harness/cli/programs.hpp"
#include "harness/machine/connection.hpp"
#include "harness/machine/event_loop.hpp"
#include "harness/machine/probe.hpp"
#include "harness/matrix/hardware.hpp"
#include "harness/net/jail.hpp"
#include "harness/report/style.hpp"
#include "harness/run/machine_size.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;
using Kind = Finding::Kind;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

Finding fault(std::string subject, const Error& error) {
    return {Kind::fault, std::move(subject), error.what(), error.hint()};
}

constexpr std::string_view other_cache = "set XDG_CACHE_HOME to another directory",
                           other_output = "choose another directory with --output";

/// The path, or the nearest directory above it that exists.
fs::path existing_parent(fs::path path) {
    std::error_code error;
    while (!fs::exists(path, error) && path.has_relative_path())
        path = path.parent_path();
    return path;
}

std::string install(std::string_view package) {
    return fmt::format("install it: apt install {}", package);
}

Finding check_qemu(Arch arch) {
    const std::string subject = fmt::format("QEMU for {}", name(arch));
    const auto program = find_qemu(arch);
    if (!program)
        return {Kind::fault, subject, fmt::format("qemu-system-{} is not installed", name(arch)),
                install(machine_of(arch).qemu_package)};
    const std::string version = ask_qemu_version(*program);
    if (version.empty())
        return {Kind::fault, subject, fmt::format("{} does not report its version", program->string()),
                fmt::format("try: {} --version", program->string())};
    return {Kind::good, subject, fmt::format("{}, {}", version, program->string()), ""};
}

Finding check_firmware(const FirmwareCatalogue& catalogue, Arch arch, Firmware firmware) {
    const std::string subject = fmt::format("{} for {}", row_of(firmware).title, name(arch));
    const auto choice = choose_firmware(catalogue, {arch, firmware});
    if (const auto* missing = std::get_if<MissingFirmware>(&choice)) {
        Finding found = fault(subject, missing_firmware_error(*missing));
        found.kind = row_of(firmware).by_default ? Kind::fault : Kind::warning;
        return found;
    }
    return {Kind::good, subject, std::get<FirmwareImages>(choice).code.string(), ""};
}

/// Opens the embedded driver in the same way as `lktest run`.
Finding check_libvirt() try {
    const TempDir exchange;
    const fs::path answer = exchange.path() / "version";
    const auto open = [&](const Jail& jail) {
        boost::asio::io_context io(1);
        const EventLoop loop(io);
        const Connection connection =
            Connection::embedded(jail.private_dir / "e", cache_directory() / "libvirt");
        write_file(answer, connection.libvirt_version());
        return 0;
    };
    const int status = run_in_jail({.own_network = true, .required = false, .why = {}}, open);
    if (status != 0)
        return {Kind::fault, "libvirt", fmt::format("its driver ended with status {}", status),
                install("libvirt-daemon-driver-qemu libvirt-daemon-system")};
    return {Kind::good, "libvirt", fmt::format("{}, with the driver embedded in lktest", read_file(answer)),
            ""};
} catch (const Error& error) {
    if (!error.hint().empty())
        return fault("libvirt", error);
    const fs::path cache = existing_parent(cache_directory());
    return {Kind::fault, "libvirt", error.what(),
            ::access(cache.c_str(), W_OK) != 0
                ? fmt::format("{}, or make {} writable", other_cache, cache.string())
                : install("libvirt-daemon-driver-qemu libvirt-daemon-system")};
}

Finding check_accel() try {
    const AccelChoice choice = choose_accel(host_arch(), std::nullopt, cache_directory());
    if (choice.accel == Accel::kvm)
        return {Kind::good, "KVM", choice.why, ""};
    return {Kind::warning, "KVM",
            fmt::format("{}. Guests are emulated, which is about ten times slower", choice.why),
            !fs::exists("/dev/kvm")
                ? "enable virtualization in the firmware or the hypervisor, so that /dev/kvm exists"
            : ::access("/dev/kvm", R_OK | W_OK) != 0
                ? "add your user to the group kvm, and log in again"
                : "if this is a virtual machine, enable nested virtualization in its hypervisor"};
} catch (const Error& error) {
    return fault("KVM", error);
}

Finding check_tap() {
    const std::optional<Error> why = why_no_tap();
    if (!why)
        return {Kind::good, "tap network", "lktest can create a namespace and a tap device", ""};
    return fault("tap network", *why);
}

struct Tool {
    std::string_view program, package;
};

Finding check_tools(std::string subject, std::span<const Tool> tools) {
    std::vector<std::string_view> found, missing, packages;
    for (const Tool& tool : tools) {
        if (find_program(tool.program)) {
            found.push_back(tool.program);
        } else {
            missing.push_back(tool.program);
            packages.push_back(tool.package);
        }
    }
    if (missing.empty())
        return {Kind::good, std::move(subject), fmt::format("{}", fmt::join(found, ", ")), ""};
    return {Kind::fault, std::move(subject), fmt::format("not found: {}", fmt::join(missing, ", ")),
            install(fmt::format("{}", fmt::join(packages, " ")))};
}

/// Whether apt offers packages for the architecture, which need not be this machine's.
Finding check_packages(Arch arch) {
    const std::string subject = fmt::format("packages for {}", debian_name(arch));
    const std::string package = fmt::format("busybox-static:{}", debian_name(arch));
    const ProcessResult answer = run_process({"apt-cache", "show", "--no-all-versions", package});
    if (answer.status == 0 && !answer.out.empty())
        return {Kind::good, subject, "apt has them", ""};
    return {Kind::fault, subject, fmt::format("apt does not have {}", package),
            fmt::format("dpkg --add-architecture {} && apt-get update", debian_name(arch))};
}

/// @param other  how to choose another directory
Finding check_disk(std::string subject, fs::path directory, std::uint64_t wanted, std::string_view other) {
    directory = fs::absolute(directory);
    const fs::path existing = existing_parent(directory);
    if (::access(existing.c_str(), W_OK) != 0)
        return {Kind::fault, std::move(subject), fmt::format("{} is not writable", existing.string()),
                fmt::format("{}, or make this one writable", other)};
    std::error_code error;
    const fs::space_info space = fs::space(existing, error);
    if (error)
        return {Kind::fault, std::move(subject), fmt::format("{}: {}", existing.string(), error.message()),
                std::string(other)};
    if (space.capacity == 0)  // such as /proc
        return {Kind::fault, std::move(subject), fmt::format("{} cannot hold files", existing.string()),
                std::string(other)};
    const std::string text = fmt::format(
        "{:.1f} GiB free for {}", static_cast<double>(space.available) / static_cast<double>(1024 * mebibyte),
        directory.string());
    if (space.available >= wanted)
        return {Kind::good, std::move(subject), text, ""};
    return {Kind::fault, std::move(subject), text, fmt::format("free {} MiB there", wanted / mebibyte)};
}

Finding check_memory() {
    const MachineSize size = machine_size();
    const std::uint64_t one_guest = MachineSettings{}.memory + 256 * mebibyte;
    const std::string text =
        fmt::format("{} MiB available, {}", size.memory_available / mebibyte, counted(size.cores, "core"));
    if (size.memory_available >= one_guest)
        return {Kind::good, "memory", text, ""};
    return {Kind::fault, "memory", text, fmt::format("a guest needs {} MiB", one_guest / mebibyte)};
}

constexpr std::array network_tools{Tool{"dnsmasq", "dnsmasq-base"}};
constexpr std::array builder_tools{Tool{"apt-get", "apt"}, Tool{"depmod", "kmod"},
                                   Tool{"mkfs.vfat", "dosfstools"}, Tool{"mcopy", "mtools"}};

/// An empty cache must hold the packages of both architectures and the images built from them.
constexpr std::uint64_t cache_space = 3072 * mebibyte, output_space = 256 * mebibyte;

}  // namespace

std::vector<Finding> examine(const DoctorOptions& options) {
    std::vector<Finding> findings;
    findings.reserve(16);
    for (const Arch arch : all_arches)
        findings.push_back(check_qemu(arch));
    const FirmwareCatalogue catalogue = find_firmware();
    for (const FirmwareRow& kind : firmware_rows)
        for (const FirmwareBuild& build : kind.builds)
            findings.push_back(check_firmware(catalogue, build.arch, kind.value));
    findings.push_back(check_libvirt());
    findings.push_back(check_accel());
    findings.push_back(check_tap());
    findings.push_back(check_tools("DHCP server", network_tools));
    findings.push_back(check_tools("build tools", builder_tools));
    for (const Arch arch : all_arches)
        findings.push_back(check_packages(arch));
    findings.push_back(check_disk("cache", cache_directory(), cache_space, other_cache));
    findings.push_back(check_disk("results", options.output, output_space, other_output));
    findings.push_back(check_memory());
    return findings;
}

}  // namespace lktest
