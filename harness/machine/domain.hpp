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

/// Runs a piece of work with the calling thread put somewhere else, such as into a
/// network namespace, and back afterwards.
using RunIn = std::function<void(const std::function<void()>&)>;

/// A guest that exists while this object lives. Every call blocks (create 0.3 s, destroy
/// 0.2 s, the rest milliseconds) and may be made from any thread, one at a time. While the
/// guest runs, that is never the thread that drains its console: a QEMU whose console
/// nobody reads stands still, and does not answer libvirt either. The object itself is destroyed
/// on the thread that runs the io_context, or after that has stopped, so that no event is on
/// its way to a sink that is gone.
class Domain {
public:
    /// Starts a guest, paused: it says nothing before resume(). Of a daemon it is asked to
    /// destroy the guest when this process is gone.
    /// @param domain_name  the name in the XML; no other guest of the connection has it
    /// @param on_event     told everything that happens to the guest from now on
    /// @param run_in       around the start: QEMU and its tap live where this leads
    /// Throws a host Error with libvirt's reason, and QEMU's last words when it got so far.
    static Domain create(Connection& connection, const std::string& domain_name, const std::string& xml,
                         DomainEventSink on_event, const RunIn& run_in = {});

    /// A guest that others made, and that stays when this object goes. Throws a usage Error when there is
    /// none of that name that runs.
    static Domain find(Connection& connection, const std::string& domain_name);

    Domain(Domain&& other) noexcept;
    Domain& operator=(Domain&&) = delete;
    ~Domain();

    const std::string& name() const noexcept { return name_; }

    void resume();
    void suspend();
    /// Whether its CPUs run; false of one that is paused.
    bool running() const;
    /// Presses the reset button.
    void reset();
    /// Presses the power button, as ACPI knows it.
    void press_power();
    /// Presses keys on the keyboard, all at once; QEMU's names for them: {"ctrl", "alt", "delete"}.
    void press_keys(const std::vector<std::string>& keys);

    /// Plugs a device in, or takes it out; see disk_xml(). What takes part in the guest's own
    /// bus may need its consent, so that detaching ends later.
    void attach_device(const std::string& xml);
    void detach_device(const std::string& xml);
    /// Changes what is in a drive, by force if the guest has locked its tray.
    void change_medium(const std::string& xml);

    /// From the next reset on the firmware boots from the disk with this serial number and from
    /// nothing else. The disk needs a place in the domain's boot order.
    void boot_from(const std::string& serial);

    /// Ends the guest, if it still runs. ~Domain does it too, but blocks whom it should not.
    void destroy();

    /// The domain with everything that libvirt added.
    std::string xml() const;
    /// Answers to a QMP command, JSON both.
    std::string monitor(const std::string& command) const;
    /// An answer of the monitor that people use: "info registers -a". Throws a host Error when QEMU has gone.
    std::string ask(std::string_view command) const;
    /// Writes all of the guest's memory, zlib-compressed, in kdump's format; a few seconds.
    void dump_core(const std::filesystem::path& file) const;
    /// Writes what CPUs, memory and devices hold to a file, and restores it from there: it is paused then,
    /// and another QEMU's, who has opened its pipes anew. A few seconds. Nobody is told of that end. Only for
    /// guests of the embedded driver: what a daemon restores would outlive this process. Throws a host Error,
    /// with the guest as it was, when it has a device that QEMU cannot save.
    void save(const std::filesystem::path& file);
    /// Ends the guest, if there still is one, and takes it up where save() has left it, paused.
    /// @param meanwhile  done while there is no guest
    void restore(const std::filesystem::path& file, const std::function<void()>& meanwhile = {});
    /// Whether QEMU itself says that KVM executes the guest (query-kvm).
    bool kvm_in_use() const;

    /// The screen as libvirt's image; throws when there is no display device.
    struct Screenshot {
        std::string type;  ///< "image/png"; of an older libvirt "image/x-portable-pixmap"
        std::string image;
        /// ".png", ".ppm"
        std::string_view extension() const { return type == "image/png" ? ".png" : ".ppm"; }
    };
    Screenshot screenshot() const { return camera()(); }
    /// From now on QEMU writes its pictures to this file, which is there and which it may write to. For one
    /// that does not see the host's files.
    void use_for_pictures(const std::filesystem::path& file);
    /// Takes screenshots. May be called from any thread at any time, and outlive this object.
    using Camera = std::function<Screenshot()>;
    Camera camera() const;

    /// The host's end of its first serial port, and of a virtio-serial port, wherever the guest runs: for a
    /// SerialLine. Open it while the guest is paused, and no byte is lost. Throws a host Error.
    using Stream = Handle<virStream, virStreamFree>;
    Stream console() const;
    Stream channel(const std::string& port) const;

    /// What firmware, loader and guest have made of the devices until now.
    struct DeviceUse {
        struct Disk {
            std::string name;  ///< "sda"
            unsigned long long reads = 0, writes = 0, bytes_read = 0, bytes_written = 0;
            unsigned long long requests() const { return reads + writes; }
        };
        /// Of a tap device on the host that libvirt sees; of a network namespace it does not.
        struct Card {
            std::string name;                                           ///< of the tap: "vnet3"
            unsigned long long packets_sent = 0, packets_received = 0;  ///< by the guest
        };
        std::vector<Disk> disks;
        std::vector<Card> cards;
    };
    DeviceUse device_use() const;

    /// Reads the guest's physical memory, devices' included, a few milliseconds for 64 KiB; nothing
    /// once the guest has gone. May be called from any thread at any time, and outlive this object.
    using Peek = std::function<std::string(std::uint64_t address, std::size_t size)>;
    Peek peek() const;

    /// The process that libvirt takes for QEMU, if that runs on this machine: QEMU, or the box that it is in.
    std::optional<pid_t> process() const;
    /// QEMU's own process: the one that process() started in its box, or the same one.
    std::optional<pid_t> qemu() const;

    /// The guest's RAM, to be mapped for reading: it outlives the guest as long as it is open.
    /// None unless its QEMU runs on this machine, where this process may look at it, and has a memfd.
    UniqueFd memory() const;

private:
    Domain(Connection& connection, std::string name, RunIn run_in = {})
        : connection_(&connection), name_(std::move(name)), run_in_(std::move(run_in)) {}
    void run_where_it_lives(const std::function<void()>& work) const;

    Connection* connection_;  ///< null when moved from
    std::string name_;
    RunIn run_in_;
    bool ours_ = true;  ///< it ends with this object
    struct PictureFile;
    std::shared_ptr<PictureFile> picture_;  ///< unset: libvirt's affair
    Handle<virDomain, virDomainFree> handle_;
};

}  // namespace lktest
