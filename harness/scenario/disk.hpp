// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "builder/base/toml_reader.hpp"
#include "harness/scenario/files.hpp"

namespace lktest {

/// The bus of a disk.
enum class DiskBus { virtio, sata, scsi, usb, nvme };
inline constexpr std::array all_disk_buses{DiskBus::virtio, DiskBus::sata, DiskBus::scsi, DiskBus::usb,
                                           DiskBus::nvme};
std::string_view name(DiskBus bus);

enum class FileSystem { none, ext4, vfat };

/// A disk in addition to the medium, new for each cell.
struct DiskSettings {
    std::string name;        ///< also its serial number
    std::uint64_t size = 0;  ///< bytes
    DiskBus bus = DiskBus::virtio;
    FileSystem file_system = FileSystem::none;
    std::string label;
    bool partition = false;  ///< puts the file system into the only partition of a GPT
    FileList files;
    bool attached = true;  ///< from power-on; otherwise a step attaches it
    bool keep = false;     ///< kept in the cell's directory
    bool protect = false;  ///< the guest cannot write to it
};

/// Reads a [[disk]].
DiskSettings read_disk(TomlSource& source, const toml::table& values);

/// Whether a disk on this bus can be attached and detached while the guest runs.
bool pluggable(DiskBus bus);

}  // namespace lktest
