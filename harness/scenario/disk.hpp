// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "builder/base/toml_reader.hpp"
#include "harness/scenario/files.hpp"

namespace lktest {

/// What a disk is plugged into.
enum class DiskBus { virtio, sata, scsi, usb, nvme };
inline constexpr std::array all_disk_buses{DiskBus::virtio, DiskBus::sata, DiskBus::scsi, DiskBus::usb,
                                           DiskBus::nvme};
std::string_view name(DiskBus bus);

enum class FileSystem { none, ext4, vfat };

/// A disk beside the medium, fresh for each cell.
struct DiskSettings {
    std::string name;        ///< also its serial number
    std::uint64_t size = 0;  ///< bytes
    DiskBus bus = DiskBus::virtio;
    FileSystem file_system = FileSystem::none;
    std::string label;
    bool partition = false;  ///< the file system is in the one partition of a GPT
    FileList files;
    bool attached = true;  ///< from power-on; else by a step
    bool keep = false;     ///< left in the cell's directory
    bool protect = false;  ///< the guest cannot write to it
};

/// Reads a [[disk]].
DiskSettings read_disk(TomlSource& source, const toml::table& values);

/// Whether such a disk can come and go while the guest runs.
bool pluggable(DiskBus bus);

}  // namespace lktest
