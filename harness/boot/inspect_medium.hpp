// SPDX-License-Identifier: MIT
#pragma once

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
#include "harness/matrix/cell.hpp"

// A medium as a confined process reads it. These throw what the reader throws, and a usage Error, "x.iso
// could not be inspected (…)", if it gave no answer: see builder/base/confined.hpp.
namespace lktest {

/// Does any job with the medium as its only file.
std::string inspect_confined(std::string_view job, const std::filesystem::path& medium,
                             std::string_view input, const ConfinedLimits& limits = {});

IsoFacts inspect_facts(const std::filesystem::path& iso);

/// What inspection tells of the way by which a cell booted its medium; see findings_on_path().
struct MediumOnPath {
    std::vector<MediumFinding> findings;
    Facts facts;  ///< with the words that were known before
};
MediumOnPath inspect_on_path(const BootCell& cell, const std::string& command_line,
                             const std::vector<std::string>& console, const Facts& known);

/// What a menu entry loads.
struct LoadedEntry {
    std::string kernel;
    std::vector<std::string> initrds;
    std::string command_line;
};
/// The entry with this title, or the first, that has a kernel for `arch`; nothing if there is none.
std::optional<LoadedEntry> inspect_menu(const std::filesystem::path& iso, Arch arch,
                                        const std::string& title);

/// The medium in the confined process.
ByteView medium_in(std::span<const int> files);

// What that process does.
std::string facts_job(std::span<const int> files, std::string_view input);
std::string path_job(std::span<const int> files, std::string_view input);
std::string menu_job(std::span<const int> files, std::string_view input);

}  // namespace lktest
