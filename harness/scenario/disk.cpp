// SPDX-License-Identifier: MIT
#include "harness/scenario/disk.hpp"

#include <fmt/format.h>

#include <array>

namespace lktest {
namespace {

constexpr std::array<std::string_view, 5> bus_names{"virtio", "sata", "scsi", "usb", "nvme"};
constexpr std::array<std::string_view, 3> file_system_names{"none", "ext4", "vfat"};
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

/// Whether the name fits as a serial number on every bus, and as a word of a command line.
bool is_disk_name(std::string_view text) {
    return !text.empty() && text.size() <= 16 &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == text.npos;
}

}  // namespace

std::string_view name(DiskBus bus) {
    return bus_names[static_cast<std::size_t>(bus)];
}

DiskSettings read_disk(TomlSource& source, const toml::table& values) {
    TableReader table(source, values, "[[disk]]");
    DiskSettings disk;
    disk.name = table.required_string("name");
    if (!disk.name.empty() && !is_disk_name(disk.name))
        table.complain("name", fmt::format("'{}' cannot name a disk", disk.name),
                       "use at most 16 lower-case letters, digits and underscores");
    if (const auto size = table.size("size")) {
        if (*size < mebibyte || *size > mebibyte * mebibyte || *size % mebibyte != 0)
            table.complain("size", "'size' must be whole mebibytes, from 1M to 1024G");
        disk.size = *size;
    } else if (!table.has("size")) {
        table.complain("size", "'size' is missing in [[disk]]", "for example: size = \"64M\"");
    }
    disk.bus = static_cast<DiskBus>(table.one_of("bus", bus_names).value_or(0));
    disk.file_system = static_cast<FileSystem>(table.one_of("filesystem", file_system_names).value_or(0));
    disk.label = table.string("label").value_or("");
    disk.partition = table.boolean("partition").value_or(false);
    if (const toml::table* files = table.table("files"))
        disk.files = read_files(source, *files);
    disk.attached = table.boolean("attached").value_or(true);
    disk.keep = table.boolean("keep").value_or(false);
    disk.protect = table.boolean("write_protected").value_or(false);
    if (disk.file_system == FileSystem::none)
        for (const std::string_view key : {"label", "files", "partition"})
            if (table.has(key))
                table.complain(key, fmt::format("'{}' needs a 'filesystem'", key));
    const std::size_t longest_label = disk.file_system == FileSystem::vfat ? 11 : 16;
    if (disk.label.size() > longest_label)
        table.complain("label", fmt::format("the label of this file system may have at most {} characters",
                                            longest_label));
    if (!disk.attached && !pluggable(disk.bus))
        table.complain("attached",
                       fmt::format("a disk on {} cannot be attached while the guest runs", name(disk.bus)),
                       "use bus = \"usb\" or \"scsi\"");
    if (disk.protect && (disk.bus == DiskBus::sata || disk.bus == DiskBus::nvme))
        table.complain("write_protected",
                       fmt::format("a disk on {} cannot be write-protected", name(disk.bus)),
                       "use bus = \"virtio\", \"usb\" or \"scsi\"");
    table.finish();
    return disk;
}

bool pluggable(DiskBus bus) {
    return bus == DiskBus::usb || bus == DiskBus::scsi;
}

}  // namespace lktest
