// SPDX-License-Identifier: MIT
#include "builder/inspect/fat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>
#include <vector>

#include "builder/inspect/limits.hpp"

namespace lktest {
namespace {

constexpr std::size_t entry_size = 32, entry_limit = 20'000, depth_limit = 32;
constexpr std::uint64_t fat_limit = 32 << 20, directory_limit = 4 << 20, fat_directories_limit = 64 << 20;
constexpr std::size_t step_limit = 1 << 22;  // clusters in all chains together

/// The numbers of a boot sector ("Boot Sector and BPB", and "FAT Type Determination").
struct Geometry {
    std::uint64_t sector, cluster;  ///< bytes
    std::uint64_t fat, fat_size, root, root_size,
        data;  ///< byte offsets and sizes; root: for FAT12 and FAT16
    std::uint64_t clusters, total;
    std::uint32_t root_cluster;  ///< of FAT32
    int bits;                    ///< by the number of clusters, as firmware determines it
    bool is_32;                  ///< by the layout of the boot sector, as Linux determines it
};

std::optional<Geometry> geometry(std::string_view boot) {
    Geometry g{};
    g.sector = le16(boot, 11);
    const std::uint64_t per_cluster = u8(boot, 13), reserved = le16(boot, 14), fats = u8(boot, 16);
    const auto power_of_two = [](std::uint64_t value) { return value != 0 && (value & (value - 1)) == 0; };
    if (boot.size() < 512 || (u8(boot, 0) != 0xeb && u8(boot, 0) != 0xe9) || !power_of_two(g.sector) ||
        g.sector < 512 || g.sector > 4096 || !power_of_two(per_cluster) || reserved == 0 || fats == 0)
        return std::nullopt;
    const std::uint64_t root_sectors = (le16(boot, 17) * entry_size + g.sector - 1) / g.sector;
    const std::uint64_t fat_sectors = le16(boot, 22) ? le16(boot, 22) : le32(boot, 36);
    const std::uint64_t sectors = le16(boot, 19) ? le16(boot, 19) : le32(boot, 32);
    const std::uint64_t data = reserved + fats * fat_sectors + root_sectors;
    if (fat_sectors == 0 || data >= sectors)
        return std::nullopt;
    g.cluster = per_cluster * g.sector;
    g.clusters = (sectors - data) / per_cluster;
    g.bits = g.clusters < 4085 ? 12 : g.clusters < 65525 ? 16 : 32;
    g.is_32 = le16(boot, 22) == 0;
    g.fat = reserved * g.sector;
    g.fat_size = fat_sectors * g.sector;
    g.root = (reserved + fats * fat_sectors) * g.sector;
    g.root_size = root_sectors * g.sector;
    g.data = data * g.sector;
    g.total = sectors * g.sector;
    g.root_cluster = le32(boot, 44);
    return g;
}

/// "BOOTX64 EFI" is "BOOTX64.EFI". Two bits say that the name or the extension is in lower case.
std::string short_name(std::string_view entry) {
    constexpr std::uint8_t lower_name = 8, lower_extension = 16;
    const auto part = [entry](std::size_t at, std::size_t size, std::uint8_t lower) {
        std::string_view field = entry.substr(at, size);
        field = field.substr(0, field.find_last_not_of(' ') + 1);
        return u8(entry, 12) & lower ? lower_case(field) : std::string(field);
    };
    std::string name = part(0, 8, lower_name);
    if (!name.empty() && name[0] == '\5')
        name[0] = '\xe5';
    const std::string extension = part(8, 3, lower_extension);
    return extension.empty() ? name : name + "." + extension;
}

std::string volume_label(std::string_view entry) {
    const std::string_view label = entry.substr(0, 11);
    return std::string(label.substr(0, label.find_last_not_of(' ') + 1));
}

/// The 13 UTF-16 units of a long name's entry.
std::u16string long_part(std::string_view entry) {
    std::u16string text;
    for (const std::size_t at : {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30}) {
        const char16_t unit = le16(entry, at);
        if (unit == 0 || unit == 0xffff)
            break;
        text.push_back(unit);
    }
    return text;
}

class Walk {
public:
    Walk(const ByteView& bytes, const Geometry& geometry, std::string_view boot)
        : bytes_(bytes.part(0, geometry.total)), g_(geometry) {
        volume_.bits = g_.bits;
        volume_.size = g_.total;
        const std::string_view label = boot.substr(g_.is_32 ? 71 : 43, 11);
        volume_.label = label.substr(0, label.find_last_not_of(' ') + 1);
        if (volume_.label == "NO NAME")
            volume_.label.clear();
        const std::uint32_t serial = le32(boot, g_.is_32 ? 67 : 39);
        volume_.uuid = fmt::format("{:04X}-{:04X}", serial >> 16, serial & 0xffff);
        volume_.says_32 = g_.is_32;
        volume_.clusters = g_.clusters;
        volume_.sector = g_.sector;
        volume_.syslinux = boot.substr(3, 8) == "SYSLINUX";
        fat_ = bytes_.read(g_.fat, std::min({g_.fat_size, fat_limit, (g_.clusters + 2) * 4}));
    }

    FatVolume take() {
        const ByteView root =
            g_.is_32 ? chain(g_.root_cluster, directory_limit) : bytes_.part(g_.root, g_.root_size);
        todo_.push_back({"", root, 0});
        while (!todo_.empty()) {
            const Directory directory = todo_.front();
            todo_.pop_front();
            read_directory(directory);
        }
        return std::move(volume_);
    }

private:
    struct Directory {
        std::string path;
        ByteView content;
        std::size_t depth;
    };

    /// FAT32 with few clusters violates the specification, but Linux, mtools and GRUB read it.
    int entry_bits() const { return g_.is_32 ? 32 : g_.bits == 32 ? 16 : g_.bits; }

    std::uint32_t next(std::uint32_t cluster) const {
        if (entry_bits() == 12) {
            const std::uint16_t pair = le16(fat_, cluster + cluster / 2);
            return cluster % 2 ? pair >> 4 : pair & 0xfff;
        }
        return entry_bits() == 16 ? le16(fat_, std::size_t{cluster} * 2)
                                  : le32(fat_, std::size_t{cluster} * 4) & 0xfffffff;
    }

    /// The first `size` bytes of the file that begins at this cluster.
    ByteView chain(std::uint32_t cluster, std::uint64_t size) {
        ByteView content;
        const std::uint32_t end = entry_bits() == 12 ? 0xff8 : entry_bits() == 16 ? 0xfff8 : 0xffffff8;
        while (cluster < end && content.size() < size) {
            if (cluster < 2 || cluster >= g_.clusters + 2 || ++steps_ > step_limit) {
                volume_.damaged = true;
                break;
            }
            content.append(bytes_.part(g_.data + (cluster - 2) * g_.cluster, g_.cluster));
            cluster = next(cluster);
        }
        return content.part(0, size);
    }

    void read_directory(const Directory& directory) {
        const std::string bytes = directory.content.read(0, directory_limit);
        total_ += bytes.size();
        if (total_ > fat_directories_limit) {
            volume_.damaged = true;
            todo_.clear();
            return;
        }
        std::u16string name;
        for (std::size_t at = 0; at + entry_size <= bytes.size() && bytes[at] != 0; at += entry_size) {
            const std::string_view entry = std::string_view(bytes).substr(at, entry_size);
            const std::uint8_t attributes = u8(entry, 11);
            if (++entries_ > entry_limit) {
                volume_.damaged = true;
                return;
            }
            if (u8(entry, 0) == 0xe5) {  // removed
                name.clear();
            } else if ((attributes & 0x3f) == 0xf) {
                name = u8(entry, 0) & 0x40 ? long_part(entry) : long_part(entry) + name;
                name.resize(std::min<std::size_t>(name.size(), 255));
            } else {
                if (attributes & 8 && directory.depth == 0)
                    volume_.label = volume_label(entry);
                else if (!(attributes & 8))
                    add(directory, entry, name.empty() ? short_name(entry) : utf8_of_utf16(name));
                name.clear();
            }
        }
    }

    void add(const Directory& directory, std::string_view entry, const std::string& name) {
        if (name == "." || name == ".." || name.empty() || name.find('/') != std::string::npos)
            return;
        const std::string path = directory.path + "/" + name;
        if (path.size() > longest_path) {
            volume_.damaged = true;
            return;
        }
        const std::uint32_t cluster = le16(entry, 26) | std::uint32_t{le16(entry, 20)} << 16;
        if (u8(entry, 11) & 0x10) {
            if (directory.depth >= depth_limit || !seen_.insert(cluster).second)
                volume_.damaged = true;
            else
                todo_.push_back({path, chain(cluster, directory_limit), directory.depth + 1});
            return;
        }
        const std::uint32_t size = le32(entry, 28);
        ByteView content = size == 0 ? ByteView() : chain(cluster, size);
        if (content.size() < size)
            volume_.damaged = true;
        volume_.files.insert_or_assign(path, std::move(content));
    }

    ByteView bytes_;
    Geometry g_;
    FatVolume volume_;
    std::string fat_;
    std::deque<Directory> todo_;
    std::set<std::uint32_t> seen_;
    std::size_t entries_ = 0, steps_ = 0;
    std::uint64_t total_ = 0;
};

}  // namespace

std::optional<FatVolume> read_fat(const ByteView& bytes) {
    const std::string boot = bytes.read(0, 512);
    const auto found = geometry(boot);
    if (!found)
        return std::nullopt;
    return Walk(bytes, *found, boot).take();
}

}  // namespace lktest
