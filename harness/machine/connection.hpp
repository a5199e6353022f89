// SPDX-License-Identifier: MIT
#pragma once

#include <libvirt/libvirt.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "builder/base/error.hpp"
#include "builder/base/handle.hpp"
#include "builder/base/platform.hpp"
#include "harness/machine/qemu_user.hpp"

namespace lktest {

class DomainListeners;

/// libvirt's reason for the last failed call of this thread, as a host Error: "cannot start the guest: …".
/// libvirt itself prints nothing.
Error libvirt_error(std::string_view what, std::string hint = {});

/// Copies and frees a string that libvirt allocated.
std::string take_string(char* text);

/// Whether that call failed without any reason: libvirt then says that the cause is unknown.
bool libvirt_gave_no_reason();

/// Whether a libvirt URI is of another machine, or may be: "qemu+ssh://user@machine/system".
bool names_a_host(std::string_view uri);

/// The machine of a connection.
struct LibvirtHost {
    std::string name;
    unsigned cores = 1;
    std::uint64_t memory_free = 0;  ///< bytes; 0 if unknown
};

/// A connection to libvirt. An EventLoop must exist; calls block.
class Connection {
public:
    /// libvirt's QEMU driver inside this process, without a daemon: qemu:///embed. A process can have only
    /// one root in its life, and a root only one process.
    /// @param root   a new directory for the driver's files; its path must be short, because a socket 40
    /// characters
    ///               deeper must stay below 108
    /// @param cache  keeps what libvirt learned about each QEMU; share it between runs, or the first guest
    /// starts
    ///               seconds later
    /// @param boxed     every guest's emulator is a box (QemuBoxes) and gets this process's privileges
    /// @param tpm_user  the user of root's TPM emulators; null for root
    static Connection embedded(const std::filesystem::path& root, const std::filesystem::path& cache,
                               bool boxed = false, const QemuUser* tpm_user = nullptr);

    /// Any other driver: "qemu:///system". A connection to another machine counts as broken if that has not
    /// answered for half a minute.
    static Connection open(const std::string& uri);

    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) = delete;
    ~Connection();

    virConnect* get() const noexcept { return handle_.get(); }
    DomainListeners& listeners() const noexcept { return *listeners_; }
    /// Empty if the driver is not embedded.
    const std::filesystem::path& root() const noexcept { return root_; }
    const std::string& uri() const noexcept { return uri_; }
    /// Whether guests can still be created.
    bool alive() const;
    LibvirtHost host() const;

    /// "9.0.0"
    std::string libvirt_version() const;
    /// QEMU's version, "7.2.22"; empty if libvirt does not know it.
    std::string qemu_version() const;

    /// Makes libvirt probe QEMU for `arch` now, so that no guest's start is delayed. Throws if there is no
    /// such QEMU.
    /// @param emulator  the path that libvirt uses as QEMU; empty for its default
    void warm(Arch arch, const std::filesystem::path& emulator = {}) const;

    /// The last lines of QEMU's standard error, if they can be read from the guest's log in the root.
    std::string last_words(const std::string& domain_name) const;

private:
    Connection(std::string uri, std::filesystem::path root);

    std::string uri_;
    std::filesystem::path root_;
    std::unique_ptr<DomainListeners> listeners_;
    Handle<virConnect, virConnectClose> handle_;
};

/// A guest's log without the environment that libvirt records with QEMU's command. The caller's environment
/// (PATH, HOME, USER, LD_LIBRARY_PATH …) must not appear in artefacts that others read. libvirt's own
/// "LC_ALL=C" stays.
std::string without_environment(std::string_view log);

/// The part of a guest's log (ROOT/log/qemu/NAME.log) that QEMU wrote during its last run, without libvirt's
/// lines. At most the last 2 KiB.
std::string last_words_of_log(std::string_view log);

}  // namespace lktest
