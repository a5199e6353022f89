// SPDX-License-Identifier: MIT
#include "harness/diagnose/efi_images.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lktest {
namespace {

constexpr std::uint64_t pointer_alignment = 4 << 20;
constexpr std::uint64_t most_images = 1024, most_tables = 256;
constexpr std::size_t most_path = 4096;

using Guid = std::array<unsigned char, 16>;

/// EFI_DEBUG_IMAGE_INFO_TABLE_GUID, 49152E77-1ADA-4764-B7A2-7AFEFED95E8B.
constexpr Guid debug_images{0x77, 0x2e, 0x15, 0x49, 0xda, 0x1a, 0x64, 0x47,
                            0xb7, 0xa2, 0x7a, 0xfe, 0xfe, 0xd9, 0x5e, 0x8b};

class FirmwareMemory {
public:
    explicit FirmwareMemory(const GuestMemory& memory) : memory_(memory) {}

    std::vector<EfiImage> images() const {
        for (const MemorySpan& span : memory_.spans()) {
            const std::uint64_t end = span.address + span.bytes.size();
            std::uint64_t at = (span.address + pointer_alignment - 1) / pointer_alignment * pointer_alignment;
            for (; at < end; at += pointer_alignment)
                if (memory_.value<std::uint64_t>(at) == signature("IBI SYST"))
                    if (auto found = images_of(pointer(at + 8)); !found.empty())
                        return found;
        }
        return {};
    }

private:
    static std::uint64_t signature(const char (&text)[9]) {
        std::uint64_t value = 0;
        std::memcpy(&value, text, sizeof value);
        return value;
    }
    std::uint64_t pointer(std::uint64_t address) const {
        return memory_.value<std::uint64_t>(address).value_or(0);
    }

    std::vector<EfiImage> images_of(std::uint64_t system_table) const {
        const std::uint64_t count = std::min(pointer(system_table + 104), most_tables);
        const std::uint64_t tables = pointer(system_table + 112);
        if (pointer(system_table) != signature("IBI SYST"))
            return {};
        for (std::uint64_t i = 0; i < count; ++i)
            if (memory_.value<Guid>(tables + 24 * i) == debug_images)
                return images_in(pointer(tables + 24 * i + 16));
        return {};
    }

    /// EFI_DEBUG_IMAGE_INFO_TABLE_HEADER: status, count, and pointers to the descriptions of images.
    std::vector<EfiImage> images_in(std::uint64_t table) const {
        const std::uint64_t count =
            std::min<std::uint64_t>(memory_.value<std::uint32_t>(table + 4).value_or(0), most_images);
        const std::uint64_t list = pointer(table + 8);
        std::vector<EfiImage> images;
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t info = pointer(list + 8 * i);  // null if it was unloaded
            constexpr std::uint32_t normal = 1;
            if (info == 0 || memory_.value<std::uint32_t>(info) != normal)
                continue;
            const std::uint64_t loaded = pointer(info + 8);  // EFI_LOADED_IMAGE_PROTOCOL
            EfiImage image{.address = pointer(loaded + 64), .size = pointer(loaded + 72), .name = {}};
            if (image.address == 0 || image.size == 0)
                continue;
            image.name = debug_name(image);
            if (image.name.empty())
                image.name = path_name(pointer(loaded + 32));
            images.push_back(std::move(image));
        }
        return images;
    }

    /// The name under which the image was built: its CodeView record ends with a path.
    std::string debug_name(const EfiImage& image) const {
        const std::string head =
            memory_.bytes_at(image.address, std::min(image.size, std::uint64_t{64} << 10));
        const auto word = [&](std::uint64_t at) {
            std::uint32_t value = 0;
            if (at + 4 <= head.size())
                std::memcpy(&value, head.data() + at, 4);
            return std::uint64_t{value};
        };
        const std::uint64_t pe = word(0x3c);
        if (!head.starts_with("MZ") || word(pe) != 0x4550)
            return "";
        const std::uint64_t directory = pe + 24 + 112 + 48;  // PE32+: the seventh directory, debug
        const std::uint64_t entries = word(directory + 4) / 28, table = word(directory);
        for (std::uint64_t i = 0; i < std::min<std::uint64_t>(entries, 16); ++i) {
            constexpr std::uint32_t codeview = 2;
            const std::uint64_t entry = image.address + table + 28 * i;
            if (memory_.value<std::uint32_t>(entry + 12) != codeview)
                continue;
            const auto at = memory_.value<std::uint32_t>(entry + 20);
            const std::string record = at ? memory_.bytes_at(image.address + *at, 512) : "";
            const std::size_t header = record.starts_with("RSDS") ? 24 : record.starts_with("NB10") ? 16 : 0;
            if (header == 0 || record.size() <= header)
                continue;
            std::string path = record.substr(header, record.find('\0', header) - header);
            path.erase(0, path.find_last_of("/\\") + 1);
            return path.substr(0, path.rfind('.'));
        }
        return "";
    }

    /// The end of a device path (UEFI §10): a file's name, or a firmware file's GUID.
    std::string path_name(std::uint64_t path) const {
        const std::string bytes = path != 0 ? memory_.bytes_at(path, most_path) : "";
        std::string name;
        for (std::size_t at = 0; at + 4 <= bytes.size();) {
            const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
            const std::size_t length = byte(2) | static_cast<std::size_t>(byte(3)) << 8;
            if (byte(0) == 0x7f || length < 4 || at + length > bytes.size())
                break;
            const std::string_view value = std::string_view(bytes).substr(at + 4, length - 4);
            if (byte(0) == 4 && byte(1) == 4)
                name += narrow(value);
            else if (byte(0) == 4 && byte(1) == 6 && value.size() >= 16)
                name = guid_text(value);
            else if (byte(0) == 1 && byte(1) == 3)
                name = "an image handed over in memory";
            at += length;
        }
        return name;
    }

    static std::string narrow(std::string_view utf16) {
        std::string text;
        for (std::size_t i = 0; i + 1 < utf16.size(); i += 2) {
            if (utf16[i] == 0 && utf16[i + 1] == 0)
                break;
            const bool plain = utf16[i + 1] == 0 && utf16[i] >= 0x20 && utf16[i] < 0x7f;
            text += plain ? utf16[i] : '?';
        }
        return text;
    }

    static std::string guid_text(std::string_view raw) {
        static constexpr std::array<int, 16> order{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
        std::string text;
        for (std::size_t i = 0; i < order.size(); ++i) {
            if (i == 4 || i == 6 || i == 8 || i == 10)
                text += '-';
            text +=
                fmt::format("{:02X}", static_cast<unsigned char>(raw[static_cast<std::size_t>(order[i])]));
        }
        return text;
    }

    const GuestMemory& memory_;
};

}  // namespace

std::vector<EfiImage> efi_images(const GuestMemory& memory) {
    return FirmwareMemory(memory).images();
}

const EfiImage* image_at(const std::vector<EfiImage>& images, std::uint64_t address) {
    // The latest first: memory of an unloaded image may belong to another one by now.
    for (auto image = images.rbegin(); image != images.rend(); ++image)
        if (address - image->address < image->size)
            return &*image;
    return nullptr;
}

}  // namespace lktest
