// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/handle.hpp"
#include "harness/machine/connection.hpp"
#include "harness/machine/domain_event.hpp"

namespace lktest {

/// Runs work while the calling thread is in another place, such as a network namespace.
using RunIn = std::function<void(const std::function<void()>&)>;

/// A guest that exists while this object lives. Every call blocks (create 0.3 s, destroy 0.2 s, others
/// milliseconds) and may be made from any thread, one at a time. Never call it on the thread that drains the
/// console of a running guest: a QEMU whose console is not read stops, and then does not answer libvirt.
/// Destroy the object on the thread that runs the io_context, or after that has stopped, so that no event is
/// on its way to a destroyed sink.
class Domain {
public:
    /// Starts a guest in paused state; it prints nothing before resume(). Tells a daemon to destroy the
    /// guest when this process ends.
    /// @param domain_name  the name in the XML, unique among the connection's guests
    /// @param on_event     receives all events of the guest from now on
    /// @param run_in       wraps the start: QEMU and its tap live in the place that it enters
    /// Throws a host Error with libvirt's reason, and QEMU's last output if it got that far.
    static Domain create(Connection& connection, const std::string& domain_name, const std::string& xml,
                         DomainEventSink on_event, const RunIn& run_in = {});

    /// Finds a guest that others started; it outlives this object. Throws a usage Error if no running guest
    /// has that name.
    static Domain find(Connection& connection, const std::string& domain_name);

    Domain(Domain&& other) noexcept;
    Domain& operator=(Domain&&) = delete;
    ~Domain();

    const std::string& name() const noexcept { return name_; }

    void resume();
    void suspend();
    /// Whether its CPUs run; false while it is paused.
    bool running() const;
    /// Presses the reset button.
    void reset();
    /// Presses the ACPI power button.
    void press_power();
    /// Presses keys on the keyboard at the same time, by QEMU's names: {"ctrl", "alt", "delete"}.
    void press_keys(const std::vector<std::string>& keys);

    /// Plugs in or removes a device; see disk_xml(). Removal may need the guest's consent and complete later.
    void attach_device(const std::string& xml);
    void detach_device(const std::string& xml);
    /// Changes the medium in a drive, by force if the guest has locked the tray.
    void change_medium(const std::string& xml);

    /// From the next reset on, the firmware boots only from the disk with this serial number. The disk must
    /// be in the domain's boot order.
    void boot_from(const std::string& serial);

    /// Ends the guest if it still runs. ~Domain does so too, but may block the wrong thread.
    void destroy();

    /// The domain's XML with all additions by libvirt.
    std::string xml() const;
    /// The answer to a QMP command, both in JSON.
    std::string monitor(const std::string& command) const;
    /// The answer of QEMU's human monitor, such as to "info registers -a". Throws a host Error if QEMU has
    /// gone.
    std::string ask(std::string_view command) const;
    /// Writes the guest's memory, zlib-compressed, in kdump's format. Takes a few seconds.
    void dump_core(const std::filesystem::path& file) const;
    /// Saves the state of CPUs, memory and devices to a file, and restores it, paused, in a new QEMU that
    /// reopens the pipes. Takes a few seconds. Listeners do not see the guest end. Only for guests of the
    /// embedded driver, because a guest restored by a daemon would outlive this process. Throws a host Error,
    /// without changing the guest, if QEMU cannot save one of its devices.
    void save(const std::filesystem::path& file);
    /// Ends the guest if it still exists, and restores it to the state of save(), paused.
    /// @param meanwhile  called while no guest exists
    void restore(const std::filesystem::path& file, const std::function<void()>& meanwhile = {});
    /// Whether QEMU itself says that KVM executes the guest (query-kvm).
    bool kvm_in_use() const;

    /// The screen as an image from libvirt; throws if there is no display device.
    struct Screenshot {
        std::string type;  ///< "image/png"; "image/x-portable-pixmap" from older versions of libvirt
        std::string image;
        /// ".png", ".ppm"
        std::string_view extension() const { return type == "image/png" ? ".png" : ".ppm"; }
    };
    Screenshot screenshot() const { return camera()(); }
    /// From now on QEMU writes its pictures to this existing, writable file. For a QEMU that does not see the
    /// host's files.
    void use_for_pictures(const std::filesystem::path& file);
    /// Takes screenshots. May be called from any thread at any time, and outlive this object.
    using Camera = std::function<Screenshot()>;
    Camera camera() const;

    /// The host's end of a serial or virtio-serial port, wherever the guest runs; for a SerialLine. Open it
    /// while the guest is paused, so that no byte is lost. Throws a host Error.
    using Stream = Handle<virStream, virStreamFree>;
    Stream console() const;
    Stream channel(const std::string& port) const;

    /// The use of devices by firmware, loader and guest so far.
    struct DeviceUse {
        struct Disk {
            std::string name;  ///< "sda"
            unsigned long long reads = 0, writes = 0, bytes_read = 0, bytes_written = 0;
            unsigned long long requests() const { return reads + writes; }
        };
        /// A tap device on the host; libvirt does not see those in a network namespace.
        struct Card {
            std::string name;                                           ///< of the tap: "vnet3"
            unsigned long long packets_sent = 0, packets_received = 0;  ///< by the guest
        };
        std::vector<Disk> disks;
        std::vector<Card> cards;
    };
    DeviceUse device_use() const;

    /// Reads the guest's physical memory, including that of devices. Takes a few milliseconds for 64 KiB.
    /// Returns nothing after the guest has gone. May be called from any thread at any time, and may outlive
    /// this object.
    using Peek = std::function<std::string(std::uint64_t address, std::size_t size)>;
    Peek peek() const;

    /// The process that libvirt knows as QEMU, if it runs on this machine: QEMU, or the box around it.
    std::optional<pid_t> process() const;
    /// QEMU's own process: the one that process() started in its box, or process() itself.
    std::optional<pid_t> qemu() const;

    /// The guest's RAM, to be mapped for reading; while open, it outlives the guest. Unset unless QEMU runs
    /// on this machine, this process may access it, and it uses a memfd.
    UniqueFd memory() const;

private:
    Domain(Connection& connection, std::string name, RunIn run_in = {})
        : connection_(&connection), name_(std::move(name)), run_in_(std::move(run_in)) {}
    void run_where_it_lives(const std::function<void()>& work) const;

    Connection* connection_;  ///< null after a move
    std::string name_;
    RunIn run_in_;
    bool ours_ = true;  ///< the guest ends with this object
    struct PictureFile;
    std::shared_ptr<PictureFile> picture_;  ///< unset if libvirt writes pictures
    Handle<virDomain, virDomainFree> handle_;
};

}  // namespace lktest
