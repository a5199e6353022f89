// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/matrix/cell.hpp"

namespace lktest {

/// The media that are attached to the machine, or those of a boot server.
inline std::vector<Medium> media_of(bool boot_server) {
    std::vector<Medium> media(all_media.begin(), all_media.end());
    std::erase_if(media, [boot_server](Medium medium) { return from_network(medium) != boot_server; });
    return media;
}

/// An image, and the machines that it supports.
struct ImageChoice {
    Image image;
    std::vector<Arch> arches{};            ///< if empty (unknown), all selected ones
    std::vector<std::string> scenarios{};  ///< names of the scenarios to boot it with; empty for all
    /// The media to which it can be written or attached; the first is the default.
    std::vector<Medium> media = media_of(false);
    bool on_request = false;  ///< included only if one of its media is selected
};

/// A scenario's name and limits. Empty lists mean all; for media, only the image's default.
struct ScenarioChoice {
    std::string name;
    std::vector<Arch> arches{};
    std::vector<Firmware> firmwares{};
    std::vector<Medium> media{};
    HardwareAxes hardware{};  ///< used for axes that the command line does not set
};

/// An additional machine, with an image's default medium, and with UEFI if that is selected.
struct Variant {
    Hardware hardware;
    bool secure_boot = false;  ///< only with firmware that has it
};

/// The factors of the matrix. `arches`, `firmwares` and `media` are the user's selection; if empty, the
/// default is every architecture, BIOS and UEFI, and the scenario's media.
struct Axes {
    std::vector<ImageChoice> images;
    std::vector<ScenarioChoice> scenarios;
    std::vector<Arch> arches{};
    std::vector<Firmware> firmwares{};
    std::vector<Medium> media{};
    HardwareAxes hardware{};
    std::vector<Variant> variants{};
};

struct PlannedCell {
    BootCell cell;
    std::optional<std::string> not_applicable;  ///< why no such machine exists
};

/// The cells in a fixed order: scenarios and images as given, then architecture, firmware, medium, hardware.
/// Two names of one machine make one cell. An impossible cell is kept with its reason. Throws a usage Error
/// if the selection leaves no cell that can run, or none for one of the images, scenarios or architectures.
std::vector<PlannedCell> expand(const Axes& axes);

/// An image as the user names it: FILE, or NAME=FILE with a name that cells keep when the file's name
/// changes. A file of the whole name, or a '/' before the '=', makes it FILE, whose Image has no name yet.
/// Throws a usage Error if the name has other characters than letters, digits and "+._-", or is not 1 to 64
/// long.
Image parse_image(const std::string& word);

/// Names those images that have no name after their files, so that all names differ: "live", "live-2". A path
/// given twice counts once.
std::vector<Image> name_images(std::span<const Image> given);

}  // namespace lktest
