// SPDX-License-Identifier: MIT
#include "harness/boot/display_text.hpp"

#include <algorithm>
#include <set>

#include "builder/base/file.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "harness/machine/png.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view font_ending = ".pf2";
constexpr std::uint64_t largest_font = 16 << 20;
constexpr std::size_t most_fonts = 16, most_of_fonts = 32 << 20;  // bytes
/// The font that GRUB installs by default: Unifont.
constexpr const char* usual_font = "/usr/share/grub/unicode.pf2";

std::vector<std::string> fonts_of_tree(const fs::path& directory) {
    std::vector<std::string> fonts;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error))
        if (std::error_code gone; fonts.size() < most_fonts && entry->path().extension() == font_ending &&
                                  entry->is_regular_file(gone) && entry->file_size(gone) <= largest_font)
            fonts.push_back(read_file(entry->path()));
    return fonts;
}

std::vector<std::string> fonts_of_iso(const fs::path& iso) {
    std::vector<std::string> fonts;
    std::size_t left = most_of_fonts;
    for (const auto& [path, node] : read_iso_tree(ByteView::of_file(iso)).nodes)
        if (fonts.size() < most_fonts && !node.directory && path.ends_with(font_ending) &&
            node.content.size() <= std::min<std::uint64_t>(largest_font, left)) {
            fonts.push_back(node.content.read(0, node.content.size()));
            left -= fonts.back().size();
        }
    return fonts;
}

}  // namespace

void DisplayText::find_fonts() {
    constexpr std::uint64_t video_bios = 0xc0000;
    constexpr std::size_t video_bios_size = 0x10000;
    readers_.emplace();
    std::set<std::string> files;
    try {
        std::vector<std::string> found =
            fs::is_directory(medium_) ? fonts_of_tree(medium_) : fonts_of_iso(medium_);
        if (std::error_code none; fs::exists(usual_font, none))
            found.push_back(read_file(usual_font));
        for (std::string& file : found)
            if (const auto font = read_grub_font(file); font && files.insert(std::move(file)).second)
                readers_->emplace_back(*font);
    } catch (const Error&) {
        // An unreadable medium has no fonts.
    }
    if (peek_)
        if (const auto font = find_vga_font(peek_(video_bios, video_bios_size)))
            readers_->emplace_back(*font);
}

void DisplayText::read() {
    if (!readers_)
        find_fonts();
    std::string picture;
    try {
        picture = camera_().image;
    } catch (const Error&) {
        // The display or the guest has gone.
    }
    if (picture == std::exchange(picture_, picture))
        return;
    rows_.clear();
    image_ = decode_png(picture).value_or(PixelImage());
    for (auto reader = readers_->begin(); rows_.empty() && reader != readers_->end(); ++reader)
        rows_ = reader->rows(image_);
}

std::optional<Painting> DisplayText::painting() const {
    return image_.pixels.empty() ? std::nullopt : std::optional(compare_pictures(kept_, image_));
}

const std::vector<std::string>& DisplayText::rows() {
    using Clock = std::chrono::steady_clock;
    constexpr int share = 20;
    if (const auto begin = Clock::now(); begin >= read_again_) {
        read();
        const auto end = Clock::now();
        read_again_ = end + (share - 1) * (end - begin);
    }
    return rows_;
}

}  // namespace lktest
