// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "firmware/choose.hpp"
#include "harness/machine/accel.hpp"
#include "harness/matrix/cell.hpp"
#include "harness/scenario/disk.hpp"
#include "harness/scenario/scenario.hpp"

namespace lktest {

/// No network card at all.
struct NoNetwork {};

/// QEMU's user-mode network: needs no privileges, but the guest cannot be reached.
struct UserNetwork {
    std::string mac;  ///< "52:54:00:00:00:01"
};

/// An existing tap device in the network namespace of the thread that starts the guest.
struct TapNetwork {
    std::string device;  ///< "tap0"
    std::string mac;     ///< the guest's
};

using NetworkSpec = std::variant<NoNetwork, UserNetwork, TapNetwork>;

/// A kernel that QEMU starts directly.
struct DirectKernel {
    std::filesystem::path kernel, initramfs;
    std::string command_line;
};

/// A disk in addition to the medium.
struct DiskSpec {
    std::string name;            ///< its serial number
    std::filesystem::path path;  ///< the raw image
    DiskBus bus = DiskBus::virtio;
    unsigned number = 0;    ///< among the machine's disks, from 0
    bool attached = true;   ///< from power-on
    bool bootable = false;  ///< in the firmware's boot order, after the medium
    bool protect = false;   ///< the guest cannot write to it
};

/// The properties in which virtual machines differ.
struct MachineSpec {
    BootCell cell;
    std::string domain_name;  ///< unique among the connection's guests
    MachineSettings settings;
    Accel accel = Accel::tcg;
    std::optional<FirmwareImages> firmware;  ///< unset if QEMU finds it itself
    std::filesystem::path variables;         ///< the cell's variable store, for UEFI
    std::filesystem::path serial_pipe;       ///< first serial port, raw bytes: a ConsolePipe's path
    std::filesystem::path port_pipe;         ///< ConsolePipe's path of the virtio-serial port `lktest.0`; if
                                             ///< both are empty, libvirt relays the ports (Domain::console)
    NetworkSpec network;
    std::filesystem::path emulator{};  ///< the program that libvirt starts as QEMU; empty for its default
    std::filesystem::path box{};       ///< the emulator's settings if it is a box: see QemuBoxes
    /// Receives the debug port of x86 firmware: a ConsolePipe's path if serial_pipe is one, otherwise a file.
    /// Empty to discard it.
    std::filesystem::path firmware_log{};
    bool daemon = false;  ///< a libvirt daemon runs it, with security drivers and a user for QEMU
    std::vector<DiskSpec> disks{};
    std::filesystem::path medium_copy{};   ///< a qcow2 image to attach instead; empty for the image itself
    std::optional<DirectKernel> direct{};  ///< set exactly when the cell's medium is Medium::direct
};

/// Whether the firmware keeps variables in a store of the cell's own.
inline bool has_variables(const MachineSpec& spec) {
    return spec.firmware && !spec.firmware->variables.empty();
}

/// Says in the guest which port of the virtio-serial bus is ours: /dev/virtio-ports/lktest.0.
inline constexpr const char* virtio_port_name = "lktest.0";

/// One disk, for Domain::attach_device and detach_device.
std::string disk_xml(const DiskSpec& disk);

/// The medium in its drive, for Domain::change_medium; a stick for attach_device and detach_device.
std::string medium_xml(const MachineSpec& spec);
/// The medium's drive, empty, for Domain::change_medium.
std::string empty_drive_xml(const MachineSpec& spec);

/// The domain XML (formatdomain) for virDomainCreateXML. Equal specs give equal text. The guest's RAM is a
/// shared mapping; the image is attached read-only.
std::string domain_xml(const MachineSpec& spec);

}  // namespace lktest
