// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/machine/domain_xml.hpp"
#include "harness/scenario/disk.hpp"

namespace lktest {

/// The disks of one cell: raw images in its private directory, and copies of those that must not change.
class Disks {
public:
    /// Creates the images, sparse. mke2fs or mkfs.vfat creates a file system in the image itself, without
    /// mounting it or needing privileges. Throws a host Error, or a usage Error if a file to copy is
    /// unreadable.
    /// @param medium  the ISO that the file name "medium" refers to
    Disks(const std::vector<DiskSettings>& settings, const std::filesystem::path& directory,
          const std::filesystem::path& medium);

    const std::vector<DiskSpec>& specs() const noexcept { return specs_; }
    const DiskSpec& spec(const std::string& name) const;

    /// Adds the disk to the machine's boot order. Call it before the machine is created.
    void make_bootable(const std::string& name);

    /// Remembers the disk's current content.
    void seal(const std::string& name);
    /// Describes the first change since seal(); empty if there is none.
    std::string difference(const std::string& name) const;

    /// Moves the images to keep to a place where the user finds them.
    void keep(const std::filesystem::path& directory) const;

private:
    std::vector<DiskSettings> settings_;
    std::vector<DiskSpec> specs_;
};

}  // namespace lktest
