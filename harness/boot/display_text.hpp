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

/// The text on a display that shows pixels, as boot loaders paint it: read with the fonts that the medium
/// brings for GRUB, GRUB's own one of the host, and that of a PC's video BIOS. One call at a time.
class DisplayText {
public:
    /// @param medium  an ISO, or the tree of a boot server
    /// @param peek    for the video BIOS; empty for a machine that has none
    DisplayText(Domain::Camera camera, std::filesystem::path medium, Domain::Peek peek)
        : camera_(std::move(camera)), medium_(std::move(medium)), peek_(std::move(peek)) {}

    /// The rows of the first font that reads any. Looks again so rarely that it takes a twentieth of the
    /// time, and is the same until then. None of a display that has gone.
    const std::vector<std::string>& rows();
    /// The picture that rows() saw, against the one that was kept by keep_picture().
    std::optional<Painting> painting() const;
    /// From now on pictures are compared with this one.
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
