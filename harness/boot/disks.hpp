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
    /// Makes the images, sparse. A file system is made by mke2fs or mkfs.vfat, in the image
    /// itself: nothing is mounted, and no rights are needed. Throws a host Error, or a usage Error
    /// when a file that is to be copied cannot be read.
    /// @param medium  the ISO that a file named "medium" stands for
    Disks(const std::vector<DiskSettings>& settings, const std::filesystem::path& directory,
          const std::filesystem::path& medium);

    const std::vector<DiskSpec>& specs() const noexcept { return specs_; }
    const DiskSpec& spec(const std::string& name) const;

    /// Gives the disk a place in the machine's boot order; before the machine is made.
    void make_bootable(const std::string& name);

    /// Remembers how the disk is now.
    void seal(const std::string& name);
    /// What is not as it was when sealed; empty when all is.
    std::string difference(const std::string& name) const;

    /// Moves the images that are to be kept to where the user finds them.
    void keep(const std::filesystem::path& directory) const;

private:
    std::vector<DiskSettings> settings_;
    std::vector<DiskSpec> specs_;
};

}  // namespace lktest
