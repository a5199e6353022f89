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
    std::vector<Arch> arches{};            ///< empty: not known, so all that are asked for
    std::vector<std::string> scenarios{};  ///< names of those that it is booted with; empty: all
    /// How it can come to a machine; the first is the one when nobody asks for another.
    std::vector<Medium> media{all_media.begin(), all_media.end() - 2};  // neither pxe nor http
    bool on_request = false;  ///< left out when nobody asks for one of its media
};

/// A scenario by its name, and the cells that it speaks of. Empty lists: all, but of the media only the
/// image's first.
struct ScenarioChoice {
    std::string name;
    std::vector<Arch> arches{};
    std::vector<Firmware> firmwares{};
    std::vector<Medium> media{};
    HardwareAxes hardware{};  ///< where the command line says nothing
};

/// What the matrix is the product of. `arches`, `firmwares` and `media` are what the user
/// asked for; empty means the default: every architecture, BIOS and UEFI, the scenario's media.
struct Axes {
    std::vector<ImageChoice> images;
    std::vector<ScenarioChoice> scenarios;
    std::vector<Arch> arches{};
    std::vector<Firmware> firmwares{};
    std::vector<Medium> media{};
    HardwareAxes hardware{};
    /// Machines besides: each with the medium that an image has when nobody asks for one, and plain UEFI.
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
