// SPDX-License-Identifier: MIT
#include "harness/machine/png.hpp"

#include <png.h>

namespace lktest {

std::optional<PixelImage> decode_png(std::string_view file) {
    constexpr png_uint_32 most = 4096;
    png_image png{};
    png.version = PNG_IMAGE_VERSION;
    if (png_image_begin_read_from_memory(&png, file.data(), file.size()) == 0)
        return std::nullopt;
    png.format = PNG_FORMAT_BGRA;  // 0xAARRGGBB on a little-endian host
    PixelImage image{.width = png.width, .height = png.height, .pixels = {}};
    if (png.width > most || png.height > most) {
        png_image_free(&png);
        return std::nullopt;
    }
    image.pixels.resize(image.width * image.height);
    if (png_image_finish_read(&png, nullptr, image.pixels.data(), 0, nullptr) == 0)
        return std::nullopt;
    for (std::uint32_t& pixel : image.pixels)
        pixel &= 0xffffff;
    return image;
}

}  // namespace lktest
