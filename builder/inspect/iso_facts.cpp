// SPDX-License-Identifier: MIT
#include "builder/inspect/iso_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "builder/base/error.hpp"
#include "builder/image/checksums.hpp"
#include "builder/inspect/byte_view.hpp"
#include "builder/inspect/el_torito.hpp"
#include "builder/inspect/fat.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/inspect/partitions.hpp"

namespace lktest {
namespace {

constexpr std::size_t most_manifest = 1 << 20;

/// The architectures whose loader for removable media is among the files.
template <typename Has>
void add_arches(std::vector<Arch>& arches, const Has& has) {
    for (const Arch arch : all_arches)
        if (has(fmt::format("/EFI/BOOT/BOOT{}.EFI", efi_suffix(arch))))
            arches.push_back(arch);
}

void sort(std::vector<Arch>& arches) {
    std::ranges::sort(arches);
    arches.erase(std::ranges::unique(arches).begin(), arches.end());
}

IsoFacts disk_facts(const ByteView& disk, const std::string& name) {
    const PartitionTables tables = read_partitions(disk);
    std::vector<Partition> partitions = tables.mbr;
    if (tables.gpt)
        partitions.insert(partitions.end(), tables.gpt->partitions.begin(), tables.gpt->partitions.end());
    if (partitions.empty() && !read_fat(disk))
        throw usage_error(fmt::format("{} is neither an ISO 9660 image nor a disk image", name),
                          "pass a live or installation medium (.iso), or the image of a whole disk (.img)");
    if (tables.gpt && tables.gpt->header_crc && tables.gpt->disk_size > disk.size())
        throw usage_error(
            fmt::format(
                "{} is truncated: its partition table describes a disk of {} bytes, the file has only {}",
                name, tables.gpt->disk_size, disk.size()),
            "copy it again, and compare its checksum");
    IsoFacts facts;
    facts.disk = true;
    facts.bios_boot = tables.boot_code;
    const auto add = [&facts](const ByteView& bytes) {
        if (const auto fat = read_fat(bytes))
            add_arches(facts.arches, [&](const std::string& file) { return fat->files.contains(file); });
    };
    for (const Partition& partition : partitions)
        add(disk.part(partition.offset, partition.size));
    add(disk);
    facts.uefi_boot = !facts.arches.empty();
    if (facts.bios_boot)
        facts.arches.push_back(Arch::x86_64);
    sort(facts.arches);
    return facts;
}

}  // namespace

IsoFacts read_iso_facts(const std::filesystem::path& path) {
    return read_iso_facts(ByteView::of_file(path), path.string());
}

IsoFacts read_iso_facts(const ByteView& iso, const std::string& name) {
    if (iso.size() == 0)
        throw usage_error(fmt::format("{} is empty", name), "build it again, or copy it again");
    const auto volume = read_iso_volume(iso);
    if (!volume)
        return disk_facts(iso, name);
    if (volume->size > iso.size())
        throw usage_error(fmt::format("{} is truncated: its volume has {} bytes, the file only {}", name,
                                      volume->size, iso.size()),
                          "copy it again, and compare its checksum");

    IsoFacts facts;
    facts.volume_label = volume->label;
    facts.application_id = volume->application;
    const IsoTree tree = read_iso_tree(iso);
    if (facts.application_id.starts_with(own_application_id)) {
        const IsoNode* manifest = tree.find(manifest_path);
        facts.reports = !manifest || manifest_reports(manifest->content.read(0, most_manifest));
    }
    add_arches(facts.arches, [&](const std::string& file) { return !tree.find_any_case(file).empty(); });
    if (const auto catalogue = read_boot_catalogue(iso))
        for (const BootImage& image : catalogue->images) {
            if (!image.bootable)
                continue;
            if (image.platform == bios_platform) {
                facts.bios_boot = true;
                facts.arches.push_back(Arch::x86_64);
            } else if (image.platform == efi_platform) {
                facts.uefi_boot = true;
                if (const auto esp = read_fat(iso.from(image.offset)))
                    add_arches(facts.arches,
                               [&](const std::string& file) { return esp->files.contains(file); });
            }
        }
    sort(facts.arches);
    return facts;
}

bool manifest_reports(const std::string& text) {
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    const auto report = json.is_object() ? json.find("report") : json.end();
    return !json.is_object() || report == json.end() || *report != "none";
}

}  // namespace lktest
