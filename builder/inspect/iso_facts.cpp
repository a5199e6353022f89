// SPDX-License-Identifier: MIT
#include "builder/inspect/iso_facts.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/handle.hpp"

namespace lktest {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t sector = 2048;

/// The bytes of an ISO, every access checked against its end.
class IsoReader {
public:
    explicit IsoReader(Bytes bytes) : bytes_(bytes) {}

    std::uint8_t u8(std::size_t at) const {
        return at < bytes_.size() ? static_cast<std::uint8_t>(bytes_[at]) : 0;
    }
    std::uint16_t u16(std::size_t at) const { return static_cast<std::uint16_t>(u8(at) | u8(at + 1) << 8); }
    std::uint32_t u32(std::size_t at) const {
        return u16(at) | static_cast<std::uint32_t>(u16(at + 2)) << 16;
    }

    std::string_view text(std::size_t at, std::size_t size) const {
        if (at > bytes_.size() || size > bytes_.size() - at)
            return {};
        return {reinterpret_cast<const char*>(bytes_.data()) + at, size};
    }
    std::string trimmed(std::size_t at, std::size_t size) const {
        std::string_view field = text(at, size);
        field = field.substr(0, field.find_last_not_of(std::string_view(" \0", 2)) + 1);
        return std::string(field);
    }

private:
    Bytes bytes_;
};

struct BootEntry {
    std::uint8_t platform;
    std::size_t offset, size;  ///< of the boot image, in bytes
};

/// El Torito 1.0, 2.0–2.4: the catalogue's validation entry, initial entry, and sections.
std::vector<BootEntry> boot_catalogue(const IsoReader& iso) {
    constexpr std::size_t record = 17 * sector, entry_size = 32, entry_limit = 64;
    std::vector<BootEntry> entries;
    if (iso.text(record + 1, 5) != "CD001" ||
        !iso.text(record + 7, 32).starts_with("EL TORITO SPECIFICATION"))
        return entries;
    std::size_t at = std::size_t{iso.u32(record + 71)} * sector;
    std::uint8_t platform = iso.u8(at + 1);
    const auto take = [&](std::size_t entry) {
        if (iso.u8(entry) == 0x88)
            entries.push_back(
                {platform, std::size_t{iso.u32(entry + 8)} * sector, std::size_t{iso.u16(entry + 6)} * 512});
    };
    take(at + entry_size);
    at += 2 * entry_size;
    while (entries.size() < entry_limit && (iso.u8(at) == 0x90 || iso.u8(at) == 0x91)) {
        const bool last = iso.u8(at) == 0x91;
        const unsigned count = std::min<unsigned>(iso.u16(at + 2), entry_limit);
        platform = iso.u8(at + 1);
        for (unsigned i = 1; i <= count; ++i)
            take(at + i * entry_size);
        at += (1 + count) * entry_size;
        if (last)
            break;
    }
    return entries;
}

/// The architecture of "/EFI/BOOT/BOOTX64.EFI", in any case of letters.
std::optional<Arch> arch_of_loader(std::string_view path) {
    for (const Arch arch : all_arches)
        if (const std::string loader = fmt::format("EFI/BOOT/BOOT{}.EFI", efi_suffix(arch));
            path.size() == loader.size() && ::strncasecmp(path.data(), loader.data(), path.size()) == 0)
            return arch;
    return std::nullopt;
}

std::vector<Arch> loaders_in_tree(const std::filesystem::path& iso) {
    constexpr int entry_limit = 200'000;
    std::vector<Arch> arches;
    const Handle<archive, archive_read_free> reader(archive_read_new());
    archive_read_support_format_iso9660(reader.get());
    if (archive_read_open_filename(reader.get(), iso.c_str(), 64 << 10) != ARCHIVE_OK)
        return arches;
    archive_entry* entry = nullptr;
    for (int i = 0; i < entry_limit && archive_read_next_header(reader.get(), &entry) >= ARCHIVE_WARN; ++i)
        if (const char* path = archive_entry_pathname(entry))
            if (const auto arch = arch_of_loader(path))
                arches.push_back(*arch);
    return arches;
}

/// Looks for the directory entries of BOOT*.EFI in a FAT image: 11-byte names on
/// 32-byte boundaries (Microsoft FAT specification 1.03, "FAT Directory Structure").
std::vector<Arch> loaders_in_esp(const IsoReader& iso, const BootEntry& esp) {
    constexpr std::size_t search_limit = 64 << 20;
    std::vector<Arch> arches;
    for (const Arch arch : all_arches) {
        const std::string name = fmt::format("{:<8}EFI", fmt::format("BOOT{}", efi_suffix(arch)));
        for (std::size_t at = 0; at < std::min(esp.size, search_limit); at += 32)
            if (iso.text(esp.offset + at, name.size()) == name) {
                arches.push_back(arch);
                break;
            }
    }
    return arches;
}

}  // namespace

IsoFacts read_iso_facts(const std::filesystem::path& path) {
    const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
    const IsoReader iso(file->bytes());
    const std::string name = path.string();
    if (file->bytes().empty())
        throw usage_error(fmt::format("{} is empty", name), "build it again, or copy it again");
    constexpr std::size_t descriptor = 16 * sector;
    if (iso.text(descriptor + 1, 5) != "CD001" || iso.u8(descriptor) != 1)
        throw usage_error(fmt::format("{} is not an ISO 9660 image", name),
                          "give a live or installation medium (.iso)");
    const std::size_t said = std::size_t{iso.u32(descriptor + 80)} * sector;
    if (said > file->bytes().size())
        throw usage_error(fmt::format("{} is truncated: its volume has {} bytes, the file only {}", name,
                                      said, file->bytes().size()),
                          "copy it again, and compare its checksum");

    IsoFacts facts;
    facts.volume_label = iso.trimmed(descriptor + 40, 32);
    facts.application_id = iso.trimmed(descriptor + 574, 128);
    facts.arches = loaders_in_tree(path);
    for (const BootEntry& entry : boot_catalogue(iso)) {
        if (entry.platform == 0) {
            facts.bios_boot = true;
            facts.arches.push_back(Arch::x86_64);
        } else if (entry.platform == 0xEF) {
            facts.uefi_boot = true;
            std::ranges::copy(loaders_in_esp(iso, entry), std::back_inserter(facts.arches));
        }
    }
    std::ranges::sort(facts.arches);
    facts.arches.erase(std::ranges::unique(facts.arches).begin(), facts.arches.end());
    return facts;
}

}  // namespace lktest
