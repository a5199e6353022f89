// SPDX-License-Identifier: MIT
#include "builder/inspect/medium_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "builder/base/error.hpp"
#include "builder/inspect/boot_walk.hpp"
#include "builder/inspect/config_text.hpp"
#include "builder/inspect/fat.hpp"
#include "builder/inspect/iso_sector.hpp"
#include "builder/inspect/isolinux_facts.hpp"
#include "builder/inspect/medium_parts.hpp"
#include "builder/inspect/netboot_tree.hpp"
#include "builder/inspect/packed_image.hpp"
#include "builder/inspect/path_lookup.hpp"
#include "builder/inspect/volumes.hpp"

namespace lktest {
namespace {

// A medium has a handful of each; a hostile one may have any number.
constexpr std::size_t efi_limit = 100, kernel_limit = 16, initramfs_limit = 8, esp_limit = 4;
constexpr std::uint64_t compare_limit = 1 << 30;  // bytes, of all files in ESPs

class Inspection {
public:
    Inspection(const ByteView& iso, const InspectOptions& options, std::optional<IsoVolume> volume)
        : iso_(iso),
          options_(options),
          tree_(volume ? read_iso_tree(iso) : IsoTree()),
          volumes_(tree_, volume ? volume->label : "", volume ? volume->uuid : "") {
        if (volume)
            facts_.volume = std::move(*volume);
    }

    MediumFacts take() {
        facts_.size = iso_.size();
        facts_.names = tree_.names;
        facts_.tree_damaged = tree_.damaged;
        facts_.partitions = read_partitions(iso_);
        add_files(tree_, facts_);
        look_at_boot_images();
        look_at_efi();
        finish(tree_);
        return std::move(facts_);
    }

    /// A disk without ISO 9660: its files are in the FAT file systems of its partitions.
    MediumFacts take_disk() {
        facts_.kind = MediumKind::disk;
        facts_.size = iso_.size();
        facts_.partitions = read_partitions(iso_);
        look_at_disk();
        facts_.names = IsoTree::Names::joliet;  // ignores case
        const IsoTree merged = merged_tree();
        add_files(merged, facts_);
        look_at_efi();
        finish(merged);
        return std::move(facts_);
    }

    /// A boot server's directory.
    MediumFacts take_netboot(IsoTree tree) {
        facts_.kind = MediumKind::netboot;
        tree_ = std::move(tree);
        facts_.names = tree_.names;
        for (const auto& [path, node] : tree_.nodes)
            facts_.size += node.size;
        add_files(tree_, facts_);
        look_at_efi();
        finish(tree_);
        return std::move(facts_);
    }

private:
    void finish(const IsoTree& tree) {
        walk_boot(facts_, volumes_, tree_.names == IsoTree::Names::joliet ? plain_tree() : tree_, iso_);
        look_at_texts();
        add_ukis(volumes_, facts_, inside_);
        look_at_isolinux();
        if (facts_.kind == MediumKind::netboot)
            facts_.pxelinux = read_pxelinux(tree_, facts_.configs);
        look_at_kernels();
        if (facts_.kind != MediumKind::netboot)
            add_partition_images(iso_, facts_);
        look_at_roots();
        add_verity(iso_, tree, options_.checksum_limit, facts_);
        if (options_.checksum_limit > 0)
            look_at_checksums(tree);
        facts_.tree = std::make_shared<const IsoTree>(tree);
    }

    /// How each configuration was saved.
    void look_at_texts() {
        constexpr std::size_t text_limit = 1 << 20;
        for (ConfigFacts& config : facts_.configs)
            if (const auto file = volumes_.find(config.volume, config.path);
                file && config.said.loader != BootLoader::unified_kernel)
                for (ConfigFault& fault : judge_text(config.said.loader, file->content.read(0, text_limit)))
                    config.faults.push_back(std::move(fault));
    }

    void look_at_disk() {
        const PartitionTables& tables = facts_.partitions;
        constexpr std::size_t partition_limit = 64;
        for (const Partition& partition :
             tables.gpt&& tables.protective ? tables.gpt->partitions : tables.mbr)
            if (facts_.disk.size() < partition_limit)
                facts_.disk.push_back(
                    {partition, read_file_system(iso_.part(partition.offset, partition.size))});
        for (const auto& partitions :
             {tables.gpt ? tables.gpt->partitions : std::vector<Partition>(), tables.mbr})
            for (const Partition& partition : partitions)
                if (partition.esp || read_fat(iso_.part(partition.offset, partition.size)))
                    add_esp(fmt::format("partition {}", partition.number), partition.offset, partition.size);
        if (facts_.esps.empty() && read_fat(iso_))
            add_esp("the whole image", 0, iso_.size());
    }

    /// All files of the partitions as one tree, the first partition's first.
    IsoTree merged_tree() const {
        IsoTree tree;
        tree.names = IsoTree::Names::joliet;
        const auto add = [&tree](const std::string& path, IsoNode node) {
            if (tree.any_case.try_emplace(path, path).second)
                tree.nodes.emplace(path, std::move(node));
        };
        for (std::size_t volume = 1; volume < volumes_.count(); ++volume) {
            const FatVolume* fat = volumes_.fat(volume);
            if (!fat)
                continue;
            for (const auto& [path, content] : fat->files) {
                for (std::string parent(directory_of(path)); parent != "/"; parent = directory_of(parent))
                    add(parent, {true, {}, {}, 0, 0});
                add(path, {false, {}, content, content.size(), 0});
            }
        }
        return tree;
    }

    const IsoTree& plain_tree() {
        plain_ = read_plain_iso_tree(iso_);
        return plain_;
    }

    void look_at_roots() {
        std::vector<RootImage> images;
        for (const LayerFacts& layer : facts_.layers)
            if (layer.super)
                images.push_back({layer.path, layer.content});
        for (const ErofsFacts& image : facts_.erofs)
            images.push_back({image.path, image.content});
        std::vector<std::string> programs;
        for (const ConfigFacts& config : facts_.configs)
            for (const EntryFacts& entry : config.entries)
                if (const std::string init = parameter(entry.said.command_line, "init");
                    config.judged && init.starts_with('/') &&
                    std::ranges::find(programs, init) == programs.end())
                    programs.push_back(init);
        facts_.roots = read_roots(images, programs);
        for (const RootFacts& root : facts_.roots)
            for (const auto& [release, text] : root.configs)
                facts_.kernel_configs.try_emplace(release, KernelConfig::parse(text));
    }

    void look_at_checksums(const IsoTree& tree) {
        std::vector<std::uint64_t> patched;
        if (facts_.catalogue) {
            patched.push_back(std::uint64_t{le32(iso_.read(17 * iso_sector + 71, 4), 0)} * iso_sector);
            for (const BootImage& image : facts_.catalogue->images)
                if (image.platform == bios_platform)
                    patched.push_back(image.offset);
        }
        facts_.checksums = check_lists(tree, patched, options_.checksum_limit);
        if (facts_.kind == MediumKind::iso)
            facts_.implanted = check_implanted(iso_, options_.checksum_limit);
    }

    void look_at_boot_images() {
        facts_.catalogue = read_boot_catalogue(iso_);
        if (!facts_.catalogue)
            return;
        for (const BootImage& image : facts_.catalogue->images) {
            facts_.boot_paths.push_back(tree_.path_at(image.offset));
            facts_.boot_contents.push_back(content_of_image(image.offset));
            facts_.boot_info.push_back(std::uint64_t{le32(iso_.read(image.offset + 12, 4), 0)} * iso_sector ==
                                       image.offset);
            if (image.platform == efi_platform)
                add_esp("El Torito", image.offset, image.size);
        }
    }

    std::string content_of_image(std::uint64_t offset) const {
        const ByteView bytes = iso_.from(offset);
        if (read_fat(bytes))
            return "FAT";
        if (read_pe(bytes))
            return "EFI program";
        if (find_text(bytes, "ISOLINUX ", 256 << 10) != not_found)
            return "ISOLINUX";
        return read_grub_core(bytes.part(0, 4 << 20)) ? "GRUB" : "";
    }

    void add_esp(const std::string& from, std::uint64_t offset, std::uint64_t said) {
        const auto known = std::ranges::find(facts_.esps, offset, &EspFacts::offset);
        if (known != facts_.esps.end()) {
            known->said.emplace_back(from, said);
            return;
        }
        if (facts_.esps.size() >= esp_limit)
            return;
        // A catalogue often understates the size; FAT knows it.
        EspFacts esp;
        esp.from = from;
        esp.offset = offset;
        esp.size = said;
        esp.outside = offset >= iso_.size();
        esp.said.emplace_back(from, said);
        esp.typed = from == "El Torito";
        auto fat = read_fat(iso_.from(offset));
        if (fat) {
            esp.syslinux = fat->syslinux;
            esp.sector = fat->sector;
            esp.size = esp.fat_size = fat->size;
            esp.outside = fat->size > iso_.size() - offset;
            esp.fat_bits = fat->bits;
            esp.small_fat32 = fat->says_32 && fat->bits != 32;
            esp.clusters = fat->clusters;
            esp.damaged = fat->damaged;
            esp.files = fat->files.size();
            esp.label = fat->label;
            esp.uuid = fat->uuid;
            for (const auto& [path, content] : fat->files) {
                const IsoNode* twin = tree_.find(tree_.find_any_case(path));
                if (!twin || twin->directory)
                    continue;
                compared_ += content.size();
                if (compared_ < compare_limit)
                    (same_bytes(content, twin->content) ? esp.same : esp.differing).push_back(path);
            }
        } else {
            esp.program = read_pe(iso_.from(offset)).has_value();
        }
        volumes_.add(std::move(fat));
        facts_.esps.push_back(std::move(esp));
    }

    void look_at_efi() {
        const PartitionTables& tables = facts_.partitions;
        for (const auto& partitions : {tables.gpt ? tables.gpt->partitions : tables.mbr, tables.mbr})
            for (const Partition& partition : partitions) {
                if (partition.esp || partition.extended_boot)
                    add_esp(fmt::format("partition {}", partition.number), partition.offset, partition.size);
                const auto known = std::ranges::find(facts_.esps, partition.offset, &EspFacts::offset);
                if (known == facts_.esps.end())
                    continue;
                known->extended_boot |= partition.extended_boot;
                known->typed |= partition.esp;
            }
        for (std::size_t volume = 1; volume < volumes_.count(); ++volume)
            if (const FatVolume* fat = volumes_.fat(volume))
                for (const auto& [path, content] : fat->files)
                    if (lower_case(path).ends_with(".efi"))
                        add_efi(volume, path, content);
        for (const auto& [path, node] : tree_.nodes)
            if ((lower_case(path).starts_with("/efi/") || facts_.kind == MediumKind::netboot) &&
                lower_case(path).ends_with(".efi") && !node.directory)
                add_efi(Volumes::iso, path, node.content);
    }

    void add_efi(std::size_t volume, const std::string& path, const ByteView& content) {
        if (facts_.efi.size() < efi_limit)
            facts_.efi.push_back(efi_program(volume, path, content));
    }

    ByteView content_of(std::size_t volume, const std::string& path) const {
        if (const auto section = inside_.find(path); section != inside_.end())
            return section->second;
        if (const auto found = volumes_.find(volume, path))
            return found->content;
        const auto other = volumes_.find_anywhere(path);
        return other ? other->content : ByteView();
    }

    void look_at_isolinux() {
        if (!facts_.catalogue)
            return;
        std::vector<ConfigFacts> own;
        std::ranges::copy_if(facts_.configs, std::back_inserter(own), [](const ConfigFacts& config) {
            return config.said.loader == BootLoader::syslinux && !config.in_esp;
        });
        for (const BootImage& image : facts_.catalogue->images)
            if (image.platform == bios_platform && !facts_.isolinux)
                facts_.isolinux = read_isolinux(iso_.part(image.offset, 1 << 20), image.offset, tree_, own);
    }

    void look_at_kernels() {
        std::set<std::string> kernels;
        std::set<std::vector<std::string>> loaded;
        for (const ConfigFacts& config : facts_.configs)
            for (const EntryFacts& entry : config.entries) {
                if (!config.judged)
                    continue;
                if (!entry.kernel.empty() && kernels.size() < kernel_limit &&
                    kernels.insert(entry.kernel).second)
                    add_kernel(entry.volume, entry.kernel);
                std::vector<std::string> paths = entry.initrds;
                std::erase(paths, "");
                if (!paths.empty() && loaded.size() < initramfs_limit && loaded.insert(paths).second)
                    add_initramfs(entry.volume, paths, parameter(entry.said.command_line, "rdinit"));
            }
    }

    void add_kernel(std::size_t volume, const std::string& path) {
        const ByteView content = content_of(volume, path);
        facts_.kernels.push_back(
            {path, read_kernel(content), volume, read_secure_boot(content), content.size()});
    }

    void add_initramfs(std::size_t volume, const std::vector<std::string>& paths, const std::string& init) {
        InitramfsFacts facts{paths, 0, {}};
        std::vector<ByteView> files;
        for (const std::string& path : paths) {
            files.push_back(content_of(volume, path));
            facts.size += files.back().size();
        }
        facts.image = read_initramfs(files, init.empty() ? "/init" : init);
        facts_.initramfs.push_back(std::move(facts));
    }

    ByteView iso_;
    InspectOptions options_;
    IsoTree tree_;
    std::map<std::string, ByteView>
        inside_;  ///< sections of unified kernel images, by their names in this list
    IsoTree plain_;
    Volumes volumes_;
    std::uint64_t compared_ = 0;
    MediumFacts facts_;
};

}  // namespace

MediumFacts read_medium_facts(const ByteView& iso, const std::string& name, const InspectOptions& options) {
    if (iso.size() == 0)
        throw usage_error(fmt::format("{} is empty", name), "build it again, or copy it again");
    auto volume = read_iso_volume(iso);
    if (volume)
        return Inspection(iso, options, std::move(volume)).take();
    const PartitionTables tables = read_partitions(iso);
    if (tables.gpt || tables.backup_only || !tables.mbr.empty() || read_fat(iso))
        return Inspection(iso, options, std::nullopt).take_disk();
    if (std::string packed = packed_image(iso); !packed.empty()) {
        MediumFacts facts;
        facts.kind = MediumKind::disk;
        facts.size = iso.size();
        facts.packed = std::move(packed);
        return facts;
    }
    throw usage_error(fmt::format("{} is neither an ISO 9660 image nor a disk image", name),
                      "pass a live or installation medium (.iso), or the image of a whole disk (.img)");
}

MediumFacts read_netboot_facts(IsoTree tree, const std::string& name, const InspectOptions& options) {
    if (tree.nodes.empty())
        throw usage_error(fmt::format("{} is an empty directory", name),
                          "pass a live or installation medium, or the directory of a boot server");
    return Inspection(ByteView(), options, std::nullopt).take_netboot(std::move(tree));
}

MediumFacts read_medium_facts(const std::filesystem::path& iso, const InspectOptions& options) {
    if (std::filesystem::is_directory(iso)) {
        const NetbootListing listing = list_netboot(iso);
        std::vector<ByteView> contents;
        for (const std::string& file : listing.files)
            contents.push_back(ByteView::of_file(iso / file.substr(1)));
        return read_netboot_facts(netboot_tree(listing, std::move(contents)), iso.string(), options);
    }
    return read_medium_facts(ByteView::of_file(iso), iso.string(), options);
}

}  // namespace lktest
