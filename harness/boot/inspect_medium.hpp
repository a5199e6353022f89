// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/confined.hpp"
#include "builder/inspect/finding.hpp"
#include "builder/inspect/iso_facts.hpp"
#include "harness/diagnose/booted_path.hpp"
#include "harness/diagnose/facts.hpp"
#include "harness/diagnose/secure_boot_facts.hpp"
#include "harness/matrix/cell.hpp"

// Inspects a medium in a confined process. These functions throw what that process throws. If it gives no
// answer they throw a usage Error, "cannot inspect x.iso: …"; see builder/base/confined.hpp.
namespace lktest {

/// Runs any job with the medium as its only file.
std::string inspect_confined(std::string_view job, const std::filesystem::path& medium,
                             std::string_view input, const ConfinedLimits& limits = {});
/// The same with these files of a medium that is a directory.
std::string inspect_confined(std::string_view job, const std::filesystem::path& directory,
                             const std::vector<std::string>& files, std::string_view input,
                             const ConfinedLimits& limits = {});

IsoFacts inspect_facts(const std::filesystem::path& iso);

/// The boot path of a cell on its medium, according to inspection; see findings_on_path().
struct MediumOnPath {
    std::vector<MediumFinding> findings;
    Facts facts;  ///< including the previously known words
};
MediumOnPath inspect_on_path(const BootCell& cell, const MachineKeys& keys, const std::string& command_line,
                             const std::vector<std::string>& console, const Facts& known);

/// The files that a menu entry loads.
struct LoadedEntry {
    std::string kernel;
    std::vector<std::string> initrds;
    std::string command_line;
    /// Where the FAT volume begins that holds these files, and its size; 0 if the ISO's own tree holds them.
    std::uint64_t fat_offset = 0, fat_size = 0;
};
/// The entry with this title, or the first one, that has a kernel for `arch`; unset if there is none.
std::optional<LoadedEntry> inspect_menu(const std::filesystem::path& iso, Arch arch,
                                        const std::string& title);

/// The medium's bytes, in the confined process.
ByteView medium_in(std::span<const int> files);
/// The bytes of each file of a directory, in the confined process.
std::vector<ByteView> contents_in(std::span<const int> files);

// The jobs of that process.
std::string facts_job(std::span<const int> files, std::string_view input);
std::string path_job(std::span<const int> files, std::string_view input);
std::string menu_job(std::span<const int> files, std::string_view input);

}  // namespace lktest
