// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/base/platform.hpp"
#include "builder/inspect/byte_view.hpp"

namespace lktest {

/// The facts about a medium that are needed to boot it.
struct IsoFacts {
    bool disk = false;           ///< the image of a whole disk, without ISO 9660
    std::string volume_label;    ///< PVD, ECMA-119 8.4.7
    std::string application_id;  ///< PVD, ECMA-119 8.4.20
    bool bios_boot = false;      ///< El Torito has an entry for platform 0 (80x86)
    bool uefi_boot = false;      ///< El Torito has an entry for platform 0xEF (EFI)
    bool reports = false;        ///< built by lktest, and says each milestone itself
    std::vector<Arch> arches;    ///< that it can boot; empty if none was recognised
};

/// Reads the volume descriptors, the boot catalogue and the names of the BOOT*.EFI files
/// (in the ISO's tree, or in the EFI system partition that El Torito points to).
/// A disk image has partitions instead, or is one FAT file system.
/// Throws a usage Error naming the file if it is missing, unreadable, empty, neither of
/// the two, or shorter than its volume or partition table says.
IsoFacts read_iso_facts(const std::filesystem::path& iso);
/// @param name  the file's name, for messages
IsoFacts read_iso_facts(const ByteView& iso, const std::string& name);

/// Whether a medium with this manifest reports its milestones itself. A manifest that does not say so is of
/// an older medium, which does.
bool manifest_reports(const std::string& text);

/// The application identifier that `lktest build` writes begins with this.
inline constexpr std::string_view own_application_id = "LKTEST";

}  // namespace lktest
