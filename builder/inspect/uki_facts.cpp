// SPDX-License-Identifier: MIT
// Unified kernel images as entries of a menu.
#include <fmt/format.h>

#include <algorithm>

#include "builder/inspect/medium_parts.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

class UkiCollector {
public:
    UkiCollector(const Volumes& volumes, MediumFacts& facts, std::map<std::string, ByteView>& sections)
        : volumes_(volumes), facts_(facts), sections_(sections) {}

    void add(std::size_t volume, const std::string& path, const ByteView& content) {
        constexpr std::size_t uki_limit = 16;
        const auto pe = read_pe(content);
        auto image = pe && facts_.ukis.size() < uki_limit ? read_uki(content, *pe) : std::nullopt;
        if (!image)
            return;
        UkiFacts uki{path, volume != Volumes::iso, pe_machine_name(pe->machine), std::move(*image), {}};
        find_addons(volume, uki);
        ConfigFacts config;
        config.path = path;
        config.in_esp = uki.in_esp;
        config.volume = volume;
        config.said.loader = BootLoader::unified_kernel;
        for (const UkiProfile& profile : uki.image.profiles)
            config.entries.push_back(entry_of(path, profile, config.entries.size()));
        for (const EntryFacts& entry : config.entries) {
            config.said.entries.push_back(entry.said);
            for (LabelUse& use : labels_of(entry.said.command_line, 0))
                config.said.labels.push_back(std::move(use));
        }
        facts_.configs.push_back(std::move(config));
        facts_.ukis.push_back(std::move(uki));
    }

private:
    /// "x.efi.extra.d" of the image, whose name may have a boot counter, and /loader/addons of all images.
    void find_addons(std::size_t volume, UkiFacts& uki) {
        constexpr std::size_t addon_limit = 32;
        const FatVolume* fat = volumes_.fat(volume);
        if (!fat)
            return;
        const std::string own = lower_case(uki.path);
        const std::string uncounted = own.substr(0, own.rfind('+')) + ".efi";
        for (const auto& [path, content] : fat->files) {
            const std::string small = lower_case(path), directory(directory_of(small));
            const bool here = directory == own + ".extra.d" || directory == uncounted + ".extra.d" ||
                              directory == "/loader/addons";
            if (!here || !small.ends_with(".addon.efi") || uki.addons.size() >= addon_limit)
                continue;
            auto addon = read_uki_addon(content, path);
            if (!addon)
                continue;
            if (addon->machine == uki.machine)
                apply_addon(uki.image, *addon);
            uki.addons.push_back(std::move(*addon));
        }
    }

    EntryFacts entry_of(const std::string& path, const UkiProfile& profile, std::size_t number) {
        const std::string place = number == 0 ? path : fmt::format("{}@{}", path, number);
        const auto section = [&](std::string_view name, const ByteView& content) {
            std::string named = fmt::format("{}:{}", place, name);
            sections_.emplace(named, content);
            return named;
        };
        EntryFacts entry;
        entry.said.title = !profile.title.empty() ? profile.title : profile.os_name;
        entry.said.command_line = profile.command_line.value_or("");
        entry.kernel = section(".linux", profile.kernel);
        entry.said.kernel = {entry.kernel, 0, true};
        for (std::size_t i = 0; i < profile.initrds.size(); ++i) {
            entry.initrds.push_back(
                section(i == 0 ? ".initrd" : fmt::format(".initrd{}", i), profile.initrds[i]));
            entry.said.initrds.push_back({entry.initrds.back(), 0, true});
        }
        return entry;
    }

    const Volumes& volumes_;
    MediumFacts& facts_;
    std::map<std::string, ByteView>& sections_;
};

}  // namespace

void add_ukis(const Volumes& volumes, MediumFacts& facts, std::map<std::string, ByteView>& sections) {
    UkiCollector collector(volumes, facts, sections);
    for (std::size_t volume = 1; volume < volumes.count(); ++volume)
        if (const FatVolume* fat = volumes.fat(volume))
            for (const auto& [path, content] : fat->files)
                if (lower_case(path).ends_with(".efi"))
                    collector.add(volume, path, content);
    for (const auto& [path, node] : volumes.tree().nodes) {
        if (!lower_case(path).ends_with(".efi") || node.directory || !node.target.empty())
            continue;
        // A copy in the ISO's tree is reported once.
        bool in_esp = false;
        for (std::size_t volume = 1; volume < volumes.count(); ++volume)
            in_esp |= volumes.find(volume, path).has_value();
        if (!in_esp)
            collector.add(Volumes::iso, path, node.content);
    }
}

}  // namespace lktest
