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

/// QEMU's own user-mode network: needs no rights, and nobody reaches the guest.
struct UserNetwork {
    std::string mac;  ///< "52:54:00:00:00:01"
};

/// A tap device that exists already, in the network namespace of the thread that starts the guest.
struct TapNetwork {
    std::string device;  ///< "tap0"
    std::string mac;     ///< the guest's
};

using NetworkSpec = std::variant<NoNetwork, UserNetwork, TapNetwork>;

/// A kernel that QEMU starts itself.
struct DirectKernel {
    std::filesystem::path kernel, initramfs;
    std::string command_line;
};

/// A disk beside the medium.
struct DiskSpec {
    std::string name;            ///< its serial number
    std::filesystem::path path;  ///< the raw image
    DiskBus bus = DiskBus::virtio;
    unsigned number = 0;    ///< among the machine's disks, from 0
    bool attached = true;   ///< from power-on
    bool bootable = false;  ///< in the firmware's boot order, behind the medium
    bool protect = false;   ///< the guest cannot write to it
};

/// All that tells one virtual machine from another.
struct MachineSpec {
    BootCell cell;
    std::string domain_name;  ///< unique among the connection's guests
    MachineSettings settings;
    Accel accel = Accel::tcg;
    std::optional<FirmwareImages> uefi;  ///< set exactly when the cell's firmware is UEFI
    std::filesystem::path variables;     ///< the cell's own variable store, for UEFI
    std::filesystem::path serial_pipe;   ///< first serial port, raw bytes: a ConsolePipe's path
    std::filesystem::path port_pipe;     ///< likewise: the virtio-serial port `lktest.0`; both may be
                                         ///< empty: what they say is libvirt's to bring (Domain::console)
    NetworkSpec network;
    std::filesystem::path emulator{};  ///< what libvirt starts as QEMU; unset: its own choice
    std::filesystem::path box{};       ///< the emulator's settings, if it is a box: see QemuBoxes
    /// Gets what x86 firmware says on its debug port: a ConsolePipe's path where serial_pipe is one, or else
    /// a file. Unset if that is not kept.
    std::filesystem::path firmware_log{};
    bool daemon = false;  ///< a libvirt daemon runs it, with security drivers and a user for QEMU
    std::vector<DiskSpec> disks{};
    std::filesystem::path medium_copy{};  ///< a qcow2 image that is attached instead; empty: the image itself
    std::optional<DirectKernel> direct{};  ///< set exactly when the cell's medium is Medium::direct
};

/// Says in the guest which port of the virtio-serial bus is ours: /dev/virtio-ports/lktest.0.
inline constexpr const char* virtio_port_name = "lktest.0";

/// One disk, for Domain::attach_device and detach_device.
std::string disk_xml(const DiskSpec& disk);

/// The medium in its drive, for Domain::change_medium; a stick for attach_device and detach_device.
std::string medium_xml(const MachineSpec& spec);
/// The medium's drive, empty, for Domain::change_medium.
std::string empty_drive_xml(const MachineSpec& spec);

/// The domain as libvirt wants it (formatdomain), for virDomainCreateXML. Equal specs give
/// equal text. The guest's RAM is a shared mapping; the image is attached read-only.
std::string domain_xml(const MachineSpec& spec);

}  // namespace lktest
