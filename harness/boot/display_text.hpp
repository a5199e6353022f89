// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/console/painting.hpp"
#include "harness/console/pixel_text.hpp"
#include "harness/machine/domain.hpp"

namespace lktest {

/// Reads the text that boot loaders paint on a graphical display. It knows the GRUB fonts on the medium, the
/// host's GRUB font, and the font of a PC's video BIOS. One call at a time.
class DisplayText {
public:
    /// @param medium  an ISO, or the tree of a boot server
    /// @param peek    reads the video BIOS; empty if the machine has none
    DisplayText(Domain::Camera camera, std::filesystem::path medium, Domain::Peek peek)
        : camera_(std::move(camera)), medium_(std::move(medium)), peek_(std::move(peek)) {}

    /// The rows according to the first font that matches. Looks only so often that it takes a twentieth of
    /// the time, and returns the same rows in between. Empty if the display has gone.
    const std::vector<std::string>& rows();
    /// Compares the picture that rows() saw with the one kept by keep_picture().
    std::optional<Painting> painting() const;
    /// Keeps the current picture; later ones are compared with it.
    void keep_picture() { kept_ = image_; }

private:
    void find_fonts();
    void read();

    Domain::Camera camera_;
    std::filesystem::path medium_;
    Domain::Peek peek_;
    std::optional<std::vector<PixelReader>> readers_;
    std::string picture_;
    PixelImage image_, kept_;
    std::vector<std::string> rows_;
    std::chrono::steady_clock::time_point read_again_{};
};

}  // namespace lktest
