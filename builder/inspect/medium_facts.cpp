// SPDX-License-Identifier: MIT
#include "builder/inspect/medium_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "builder/base/error.hpp"
#include "builder/inspect/fat.hpp"
#include "builder/inspect/isolinux_facts.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

// A medium has a handful of each; a hostile one may have any number.
constexpr std::size_t config_limit = 64, efi_limit = 100, kernel_limit = 16, initramfs_limit = 8,
                      layer_limit = 500, esp_limit = 4, cut_limit = 1000;
constexpr std::size_t config_size_limit = 1 << 20;
constexpr std::uint64_t compare_limit = 1 << 30;  // bytes, of all files in ESPs

struct Found {
    std::string path;
    ByteView content;
};

class Inspection {
public:
    explicit Inspection(const ByteView& iso) : iso_(iso) {}

    MediumFacts take(IsoVolume volume) {
        facts_.size = iso_.size();
        facts_.volume = std::move(volume);
        tree_ = read_iso_tree(iso_);
        facts_.names = tree_.names;
        facts_.tree_damaged = tree_.damaged;
        facts_.partitions = read_partitions(iso_);
        look_at_files();
        look_at_boot_images();
        look_at_efi();
        look_at_configs();
        look_at_isolinux();
        look_at_kernels();
        return std::move(facts_);
    }

private:
    void look_at_files() {
        for (const auto& [path, node] : tree_.nodes) {
            if (node.directory || !node.target.empty())
                continue;
            ++facts_.files;
            if (node.content.size() < node.size && facts_.cut_files.size() < cut_limit)
                facts_.cut_files.push_back(path);
            const bool named = path.ends_with(".squashfs") || path.ends_with(".sfs") || path.ends_with(".sb");
            if (facts_.layers.size() < layer_limit && (named || node.content.read(0, 4) == "hsqs"))
                facts_.layers.push_back({path, node.content.size(), read_squashfs_super(node.content)});
        }
    }

    void look_at_boot_images() {
        facts_.catalogue = read_boot_catalogue(iso_);
        if (!facts_.catalogue)
            return;
        for (const BootImage& image : facts_.catalogue->images) {
            facts_.boot_paths.push_back(tree_.path_at(image.offset));
            if (image.platform == efi_platform)
                add_esp("El Torito", image.offset, image.size);
        }
    }

    void add_esp(const std::string& from, std::uint64_t offset, std::uint64_t said) {
        const auto known = std::ranges::find(facts_.esps, offset, &EspFacts::offset);
        if (known != facts_.esps.end() || facts_.esps.size() >= esp_limit)
            return;
        // A catalogue often understates the size; FAT knows it.
        EspFacts esp{from, offset, said, offset >= iso_.size(), 0, false, 0, {}, {}};
        if (auto fat = read_fat(iso_.from(offset))) {
            esp.size = fat->size;
            esp.outside = fat->size > iso_.size() - offset;
            esp.fat_bits = fat->bits;
            esp.damaged = fat->damaged;
            esp.files = fat->files.size();
            for (const auto& [path, content] : fat->files) {
                const IsoNode* twin = tree_.find(tree_.find_any_case(path));
                if (!twin || twin->directory)
                    continue;
                compared_ += content.size();
                if (compared_ < compare_limit)
                    (same_bytes(content, twin->content) ? esp.same : esp.differing).push_back(path);
            }
            fats_.push_back(std::move(*fat));
        }
        facts_.esps.push_back(std::move(esp));
    }

    void look_at_efi() {
        const PartitionTables& tables = facts_.partitions;
        for (const auto& partitions : {tables.gpt ? tables.gpt->partitions : tables.mbr, tables.mbr})
            for (const Partition& partition : partitions)
                if (partition.esp)
                    add_esp(fmt::format("partition {}", partition.number), partition.offset, partition.size);
        std::set<std::string> names;
        for (const FatVolume& fat : fats_)
            for (const auto& [path, content] : fat.files)
                if (lower_case(path).ends_with(".efi") && facts_.efi.size() < efi_limit &&
                    names.insert(path).second)
                    facts_.efi.push_back({path, true, read_pe(content)});
        for (const auto& [path, node] : tree_.nodes)
            if (lower_case(path).starts_with("/efi/") && lower_case(path).ends_with(".efi") &&
                !node.directory && facts_.efi.size() < efi_limit)
                facts_.efi.push_back({path, false, read_pe(node.content)});
    }

    static std::optional<BootLoader> loader_of(std::string_view path) {
        const std::string small = lower_case(path);
        const std::string_view file = file_name_of(small), directory = directory_of(small);
        constexpr std::array own{std::string_view("isolinux.cfg"), std::string_view("syslinux.cfg"),
                                 std::string_view("extlinux.conf")};
        if (directory == "/loader/entries" && file.ends_with(".conf"))
            return BootLoader::systemd_boot;
        if (std::ranges::find(own, file) != own.end())
            return BootLoader::syslinux;
        if (file == "grub.cfg" || file == "loopback.cfg" ||
            (file.ends_with(".cfg") && directory.find("/grub") != std::string_view::npos))
            return BootLoader::grub;
        if (file.ends_with(".cfg") && (directory.ends_with("/isolinux") || directory.ends_with("/syslinux")))
            return BootLoader::syslinux;
        return std::nullopt;
    }

    void look_at_configs() {
        for (const auto& [path, node] : tree_.nodes)
            if (const auto loader = loader_of(path); loader && !node.directory && node.target.empty())
                add_config(path, false, *loader, node.content);
        for (const FatVolume& fat : fats_)
            for (const auto& [path, content] : fat.files)
                if (const auto loader = loader_of(path))
                    add_config(path, true, *loader, content);
    }

    void add_config(const std::string& path, bool in_esp, BootLoader loader, const ByteView& content) {
        if (facts_.configs.size() >= config_limit)
            return;
        const std::string text = content.read(0, config_size_limit);
        ConfigFacts config{path, in_esp, {}, {}};
        switch (loader) {
            case BootLoader::grub: config.said = parse_grub(text); break;
            case BootLoader::syslinux: config.said = parse_syslinux(text); break;
            case BootLoader::systemd_boot: config.said = parse_loader_entry(text); break;
        }
        for (const BootEntry& said : config.said.entries) {
            EntryFacts entry{said, {}, {}};
            if (const auto kernel = locate(said.kernel, config))
                entry.kernel = kernel->path;
            for (const NamedFile& initrd : said.initrds) {
                const auto file = locate(initrd, config);
                entry.initrds.push_back(file ? file->path : "");
            }
            config.entries.push_back(std::move(entry));
        }
        facts_.configs.push_back(std::move(config));
    }

    /// The file that a configuration names. SYSLINUX's paths may begin where its configuration lies.
    std::optional<Found> locate(const NamedFile& named, const ConfigFacts& config) const {
        if (!named.certain || named.path.empty())
            return std::nullopt;
        const std::string path = named.path.starts_with('/')
                                     ? normal_path(named.path)
                                     : normal_path(std::string(directory_of(config.path)) + "/" + named.path);
        return find(path, config.said.loader != BootLoader::grub);
    }

    std::optional<Found> find(const std::string& path, bool any_case) const {
        if (const IsoNode* node = tree_.find(path); node && !node->directory)
            return Found{path, node->content};
        if (any_case)
            if (const std::string other = tree_.find_any_case(path); !other.empty())
                if (const IsoNode* node = tree_.find(other); node && !node->directory)
                    return Found{other, node->content};
        for (const FatVolume& fat : fats_)
            if (const auto file = fat.files.find(path); file != fat.files.end())
                return Found{file->first, file->second};
        return std::nullopt;
    }

    ByteView content_of(const std::string& path) const {
        const auto found = find(path, false);
        return found ? found->content : ByteView();
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
                if (!entry.kernel.empty() && kernels.size() < kernel_limit &&
                    kernels.insert(entry.kernel).second)
                    facts_.kernels.push_back({entry.kernel, read_kernel(content_of(entry.kernel))});
                std::vector<std::string> paths = entry.initrds;
                std::erase(paths, "");
                if (!paths.empty() && loaded.size() < initramfs_limit && loaded.insert(paths).second)
                    add_initramfs(paths, parameter(entry.said.command_line, "rdinit"));
            }
    }

    void add_initramfs(const std::vector<std::string>& paths, const std::string& init) {
        InitramfsFacts facts{paths, 0, {}};
        std::vector<ByteView> files;
        for (const std::string& path : paths) {
            files.push_back(content_of(path));
            facts.size += files.back().size();
        }
        facts.image = read_initramfs(files, init.empty() ? "/init" : init);
        facts_.initramfs.push_back(std::move(facts));
    }

    const ByteView& iso_;
    IsoTree tree_;
    std::vector<FatVolume> fats_;
    std::uint64_t compared_ = 0;
    MediumFacts facts_;
};

}  // namespace

MediumFacts read_medium_facts(const ByteView& iso, const std::string& name) {
    if (iso.size() == 0)
        throw usage_error(fmt::format("{} is empty", name), "build it again, or copy it again");
    auto volume = read_iso_volume(iso);
    if (!volume)
        throw usage_error(fmt::format("{} is not an ISO 9660 image", name),
                          "give a live or installation medium (.iso)");
    return Inspection(iso).take(std::move(*volume));
}

MediumFacts read_medium_facts(const std::filesystem::path& iso) {
    return read_medium_facts(ByteView::of_file(iso), iso.string());
}

}  // namespace lktest
