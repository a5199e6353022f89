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

/// libvirt's reason for the last call that failed in this thread, as a host Error:
/// "cannot start the guest: …". libvirt itself prints nothing.
Error libvirt_error(std::string_view what, std::string hint = {});

/// Whether a libvirt URI is of another machine, or may be: "qemu+ssh://user@machine/system".
bool names_a_host(std::string_view uri);

/// The machine behind a connection.
struct LibvirtHost {
    std::string name;
    unsigned cores = 1;
    std::uint64_t memory_free = 0;  ///< bytes; 0: not known
};

/// A connection to libvirt. An EventLoop must exist; calls block.
class Connection {
public:
    /// libvirt's QEMU driver inside this process, no daemon: qemu:///embed. A process has at
    /// most one root in its life, a root at most one process.
    /// @param root   a fresh directory for the driver's own files; its path must be short
    ///               (a socket 40 characters deeper in it must stay below 108)
    /// @param cache  keeps what libvirt learnt of each QEMU; share it between runs, or the
    ///               first guest starts seconds later
    /// @param boxed     every guest's emulator is a box (QemuBoxes), and gets this process's rights
    /// @param tpm_user  whom root's TPM emulators run as; null: root
    static Connection embedded(const std::filesystem::path& root, const std::filesystem::path& cache,
                               bool boxed = false, const QemuUser* tpm_user = nullptr);

    /// Any other driver: "qemu:///system". One to another machine is taken for broken when that has not
    /// answered for half a minute.
    static Connection open(const std::string& uri);

    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) = delete;
    ~Connection();

    virConnect* get() const noexcept { return handle_.get(); }
    DomainListeners& listeners() const noexcept { return *listeners_; }
    /// Empty unless embedded.
    const std::filesystem::path& root() const noexcept { return root_; }
    const std::string& uri() const noexcept { return uri_; }
    /// Whether guests can still be had of it.
    bool alive() const;
    LibvirtHost host() const;

    /// "9.0.0"
    std::string libvirt_version() const;
    /// QEMU's, "7.2.22"; empty when libvirt cannot tell.
    std::string qemu_version() const;

    /// Makes libvirt learn what QEMU for `arch` can do, so that no guest's start pays
    /// for it. Throws when there is no such QEMU.
    /// @param emulator  what libvirt is to take for QEMU; empty: its own choice
    void warm(Arch arch, const std::filesystem::path& emulator = {}) const;

    /// What QEMU itself wrote to its standard error, when that can be read: the last
    /// lines of the guest's log in the root.
    std::string last_words(const std::string& domain_name) const;

private:
    Connection(std::string uri, std::filesystem::path root);

    std::string uri_;
    std::filesystem::path root_;
    std::unique_ptr<DomainListeners> listeners_;
    Handle<virConnect, virConnectClose> handle_;
};

/// A guest's log without the environment that libvirt tells with QEMU's command: of the caller's (PATH, HOME,
/// USER, LD_LIBRARY_PATH …) nothing belongs into artefacts that others read. "LC_ALL=C" stays, which is
/// libvirt's.
std::string without_environment(std::string_view log);

/// The part of a guest's log (ROOT/log/qemu/NAME.log) that QEMU wrote the last time it ran,
/// without libvirt's own lines. At most the last 2 KiB.
std::string last_words_of_log(std::string_view log);

}  // namespace lktest
