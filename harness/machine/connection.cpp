// SPDX-License-Identifier: MIT
#include "harness/machine/connection.hpp"

#include <fmt/format.h>
#include <libvirt/virterror.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "builder/base/file.hpp"
#include "harness/machine/domain_event.hpp"
#include "harness/matrix/hardware.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

/// Without a daemon, the driver must not change owners, confine QEMU or collect logs. QEMU must filter its
/// own system calls: a QEMU without that feature is refused.
constexpr std::string_view driver_settings = R"(security_driver = "none"
seccomp_sandbox = 1
stdio_handler = "file"
)";

/// The same for root. Root's driver would otherwise choose QEMU's user itself, change owners and use cgroups.
/// The box chooses QEMU's user. Only a TPM emulator runs outside a box.
std::string root_driver_settings(const QemuUser* tpm_user) {
    const uid_t uid = tpm_user ? tpm_user->uid : 0;
    const gid_t gid = tpm_user ? tpm_user->groups.front() : 0;
    return fmt::format(R"(user = "+0"
group = "+0"
swtpm_user = "+{}"
swtpm_group = "+{}"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
)",
                       uid, gid);
}

/// A box starts with lktest's privileges, so that it can give them up in order.
constexpr std::string_view box_settings = "clear_emulator_capabilities = 0\n";

void prepare_root(const fs::path& root, const fs::path& cache, bool boxed, const QemuUser* tpm_user) {
    make_directories(root / "etc");
    make_directories(cache);
    write_file(root / "etc/qemu.conf", fmt::format("{}{}{}", driver_settings, boxed ? box_settings : "",
                                                   ::geteuid() == 0 ? root_driver_settings(tpm_user) : ""));
    std::error_code error;
    fs::create_directory_symlink(fs::absolute(cache), root / "cache", error);
    if (error && error != std::errc::file_exists)
        throw system_error(fmt::format("cannot link {}", (root / "cache").string()), error.value());
}

/// Errors are return values here, and warnings belong in a file. libvirt would print both and garble the live
/// display.
void silence_libvirt(const fs::path& log) {
    static std::once_flag once;
    std::call_once(once, [&] {
        if (!log.empty())
            ::setenv("LIBVIRT_LOG_OUTPUTS", fmt::format("3:file:{}", log.string()).c_str(), 0);
        virInitialize();
        virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
    });
}

/// libvirt's number for a version: 1'000'000 × major + 1'000 × minor + release.
std::string version_text(unsigned long version) {
    return fmt::format("{}.{}.{}", version / 1'000'000, version / 1000 % 1000, version % 1000);
}

}  // namespace

std::string take_string(char* text) {
    std::string copy(text);
    std::free(text);
    return copy;
}

Error libvirt_error(std::string_view what, std::string hint) {
    const virError* last = virGetLastError();
    const char* reason = last && last->message ? last->message : "libvirt reported no reason";
    return host_error(fmt::format("{}: {}", what, reason), std::move(hint));
}

bool libvirt_gave_no_reason() {
    const virError* last = virGetLastError();
    // What libvirt puts where a function of its own failed without raising an error.
    return !last || last->code == VIR_ERR_OK ||
           (last->code == VIR_ERR_INTERNAL_ERROR && last->domain == VIR_FROM_NONE);
}

Connection::Connection(std::string uri, fs::path root)
    : uri_(std::move(uri)), root_(std::move(root)), listeners_(std::make_unique<DomainListeners>()) {
    silence_libvirt(root_.empty() ? fs::path() : root_ / "libvirt.log");
    handle_.reset(virConnectOpen(uri_.c_str()));
    if (!handle_)
        throw libvirt_error(
            fmt::format("cannot connect to {}", uri_),
            root_.empty() ? "check the URI, and that its daemon is running" : "check with: lktest doctor");
    constexpr int seconds_between = 5;
    constexpr unsigned unanswered = 5;
    if (names_a_host(uri_))
        virConnectSetKeepAlive(handle_.get(), seconds_between, unanswered);
    listeners_->attach(*handle_);
}

Connection::Connection(Connection&&) noexcept = default;

Connection::~Connection() {
    if (handle_)
        listeners_->detach(*handle_);
}

Connection Connection::embedded(const fs::path& root, const fs::path& cache, bool boxed,
                                const QemuUser* tpm_user) {
    const fs::path absolute = fs::absolute(root);
    prepare_root(absolute, cache, boxed, tpm_user);
    return {"qemu:///embed?root=" + absolute.string(), absolute};
}

Connection Connection::open(const std::string& uri) {
    return {uri, {}};
}

bool names_a_host(std::string_view uri) {
    const std::size_t place = uri.find("://");
    return place != uri.npos && place + 3 < uri.size() && uri[place + 3] != '/';
}

bool Connection::alive() const {
    return virConnectIsAlive(get()) != 0;  // -1: the driver cannot tell, because it is in this process
}

LibvirtHost Connection::host() const {
    LibvirtHost host;
    if (char* host_name = virConnectGetHostname(get())) {
        host.name = host_name;
        std::free(host_name);
    }
    virNodeInfo node{};
    if (virNodeGetInfo(get(), &node) == 0)
        host.cores = std::max(1U, node.cpus);
    host.memory_free = virNodeGetFreeMemory(get());
    return host;
}

std::string Connection::libvirt_version() const {
    unsigned long version = 0;
    if (virConnectGetLibVersion(get(), &version) < 0)
        throw libvirt_error("cannot ask libvirt for its version");
    return version_text(version);
}

std::string Connection::qemu_version() const {
    unsigned long version = 0;
    return virConnectGetVersion(get(), &version) < 0 || version == 0 ? "" : version_text(version);
}

void Connection::warm(Arch arch, const fs::path& emulator) const {
    const std::string architecture(name(arch));
    char* capabilities = virConnectGetDomainCapabilities(get(), emulator.empty() ? nullptr : emulator.c_str(),
                                                         architecture.c_str(), nullptr, "qemu", 0);
    if (!capabilities)
        throw libvirt_error(fmt::format("libvirt finds no QEMU for {}", architecture),
                            fmt::format("install it: apt install {}", machine_of(arch).qemu_package));
    std::free(capabilities);
}

std::string Connection::last_words(const std::string& domain_name) const try {
    return root_.empty() ? "" : last_words_of_log(read_file(root_ / "log/qemu" / (domain_name + ".log")));
} catch (const Error&) {
    return {};  // QEMU did not start, so it has no log
}

std::string without_environment(std::string_view log) {
    // Lines of the form "NAME=value \" before the line with the program.
    constexpr std::string_view kept = "LC_ALL=C \\";
    std::string rest;
    bool of_environment = false;
    while (!log.empty()) {
        const std::string_view line = log.substr(0, log.find('\n'));
        const std::string_view whole = log.substr(0, std::min(log.size(), line.size() + 1));
        log.remove_prefix(whole.size());
        if (line.find(": starting up libvirt version") != line.npos) {
            of_environment = true;
            rest += whole;
            continue;
        }
        // A value may contain a newline; the program's path is the first line that begins with '/'.
        of_environment = of_environment && !line.starts_with('/');
        if (!of_environment || line == kept)
            rest += whole;
    }
    return rest;
}

std::string last_words_of_log(std::string_view log) {
    constexpr std::size_t most = 2048;
    // libvirt writes the time and "starting up", the environment, and the command line, whose lines end in a
    // backslash except for the last. Then it writes the reasons for which the domain is tainted, and finally
    // "shutting down".
    std::string words;
    bool of_command = false;
    while (!log.empty()) {
        const std::string_view line = log.substr(0, log.find('\n'));
        log.remove_prefix(std::min(log.size(), line.size() + 1));
        const bool begins = line.find(": starting up libvirt version") != line.npos;
        if (begins)
            words.clear();
        const bool continues = line.ends_with('\\');
        const bool of_libvirt =
            line.find(": shutting down, reason=") != line.npos || line.find("+0000: Domain id=") != line.npos;
        if (!begins && !continues && !of_command && !of_libvirt)
            words.append(line).append("\n");
        of_command = begins || continues;
    }
    while (words.ends_with('\n'))
        words.pop_back();
    if (words.size() > most) {
        const std::size_t whole_line = words.find('\n', words.size() - most);
        words.erase(0, whole_line == std::string::npos ? words.size() - most : whole_line + 1);
    }
    return words;
}

}  // namespace lktest
