// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/matrix/cell.hpp"

namespace lktest {

/// An image, and the machines that it was made for.
struct ImageChoice {
    Image image;
    std::vector<Arch> arches{};            ///< if empty (not known), all selected ones
    std::vector<std::string> scenarios{};  ///< names of those that it is booted with; empty: all
    /// The media by which it can be attached; the first is the default.
    std::vector<Medium> media{all_media.begin(), all_media.end() - 2};  // neither pxe nor http
    bool on_request = false;  ///< included only if one of its media is selected
};

/// A scenario by its name, and its cells. Empty lists mean all, but of the media only the
/// image's first.
struct ScenarioChoice {
    std::string name;
    std::vector<Arch> arches{};
    std::vector<Firmware> firmwares{};
    std::vector<Medium> media{};
    HardwareAxes hardware{};  ///< where the command line says nothing
};

/// The factors of the matrix. `arches`, `firmwares` and `media` are what the user
/// asked for; empty means the default: every architecture, BIOS and UEFI, the scenario's media.
struct Axes {
    std::vector<ImageChoice> images;
    std::vector<ScenarioChoice> scenarios;
    std::vector<Arch> arches{};
    std::vector<Firmware> firmwares{};
    std::vector<Medium> media{};
    HardwareAxes hardware{};
    /// Additional machines, each with an image's default medium and plain UEFI.
    std::vector<Hardware> variants{};
};

struct PlannedCell {
    BootCell cell;
    std::optional<std::string> not_applicable;  ///< why no such machine exists
};

/// The cells in a fixed order: scenarios and images as given, then architecture, firmware, medium, hardware.
/// Two ways to ask for one machine make one cell.
/// A cell that cannot exist is kept with its reason. Throws a usage Error when what was
/// asked for leaves no cell that can run, or none for one of the images, scenarios or architectures.
std::vector<PlannedCell> expand(const Axes& axes);

/// Names images after their files, so that no two are alike: "live", "live-2". A path given twice counts
/// once. Names hold only letters, digits and "+._-".
std::vector<Image> name_images(std::span<const std::filesystem::path> paths);

}  // namespace lktest
