// SPDX-License-Identifier: MIT
// The ISO as a file of another boot manager, and configurations that no way reaches.
#include <fmt/format.h>

#include <algorithm>

#include "builder/inspect/boot_walker.hpp"
#include "builder/inspect/limits.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {

void BootWalk::walk_loopback() {
    for (const char* path : {"/boot/grub/loopback.cfg", "/boot/grub2/loopback.cfg"}) {
        if (!volumes_.find(Volumes::iso, path))
            continue;
        BootWay way{BootWay::Firmware::loop, BootWay::Medium::disk, ""};
        way.start = graph().add({Kind::firmware, name(way)});
        way.followed = false;
        GrubStart start;
        start.root = Volumes::iso;
        start.known = false;
        take_configs(run_grub_config(volumes_, start, Volumes::iso, path), way.start);
        graph().ways.push_back(std::move(way));
    }
}

std::optional<BootLoader> BootWalk::loader_of(std::string_view path) {
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
    if (directory.ends_with("/pxelinux.cfg"))
        return BootLoader::syslinux;
    if (file == "refind.conf")
        return BootLoader::refind;
    if (file == "limine.conf" || file == "limine.cfg")
        return BootLoader::limine;
    if (small == "/config.txt")
        return BootLoader::raspberry_pi;
    if (file.ends_with(".ipxe"))
        return BootLoader::ipxe;
    if (file.ends_with(".cfg") && (directory.ends_with("/isolinux") || directory.ends_with("/syslinux")))
        return BootLoader::syslinux;
    return std::nullopt;
}

std::string_view BootWalk::directory_of_names(std::string_view config) {
    const std::string_view directory = directory_of(config);
    return directory.ends_with("/pxelinux.cfg") ? directory_of(directory) : directory;
}

bool BootWalk::is_reached(std::size_t volume, const std::string& path) const {
    return std::ranges::any_of(facts_.configs, [&](const ConfigFacts& config) {
        return config.volume == volume && config.path == path;
    });
}

namespace {

bool is_firmware_of_a_pi(std::string_view path) {
    return path == "/bootcode.bin" || path.starts_with("/start") || path.starts_with("/bcm27");
}

}  // namespace

void BootWalk::add_unreached() {
    std::vector<VolumeFile> files;
    for (const auto& [path, node] : volumes_.tree().nodes)
        if (!node.directory && node.target.empty() && loader_of(path))
            files.push_back({Volumes::iso, path, node.content});
    for (std::size_t volume = 1; volume < volumes_.count(); ++volume)
        if (const FatVolume* fat = volumes_.fat(volume))
            for (const auto& [path, content] : fat->files)
                if (loader_of(path))
                    files.push_back({volume, path, content});
    // Other programs have a config.txt too.
    std::erase_if(files, [&](const VolumeFile& file) {
        if (loader_of(file.path) != BootLoader::raspberry_pi)
            return false;
        const FatVolume* fat = file.volume == Volumes::iso ? nullptr : volumes_.fat(file.volume);
        return fat ? std::ranges::none_of(fat->files,
                                          [](const auto& other) { return is_firmware_of_a_pi(other.first); })
                   : std::ranges::none_of(volumes_.tree().nodes,
                                          [](const auto& other) { return is_firmware_of_a_pi(other.first); });
    });
    for (const VolumeFile& file : files)
        if (facts_.configs.size() < walk_config_limit && !is_reached(file.volume, file.path))
            add_alone(file, *loader_of(file.path));
}

bool BootWalk::followed_all(BootLoader loader) const {
    bool any = false;
    for (const BootWay& way : facts_.graph.ways) {
        if (way.firmware == BootWay::Firmware::loop)
            continue;
        if (!way.followed || !way.stops.empty())
            return false;
        const bool reads = std::ranges::any_of(facts_.graph.reached_from(way.start), [&](std::size_t node) {
            const BootNode& known = facts_.graph.nodes[node];
            return known.kind == Kind::config && known.fact &&
                   facts_.configs[*known.fact].said.loader == loader;
        });
        any |= reads;
    }
    return any;
}

void BootWalk::add_alone(const VolumeFile& file, BootLoader loader) {
    const std::size_t node = graph().add({Kind::config, boot_place(file.volume, file.path), true, {}});
    const std::size_t fact = config_fact(file.volume, file.path, loader);
    graph().nodes[node].fact = fact;
    facts_.configs[fact].judged = !followed_all(loader);
    const auto text = [&file] { return file.content.read(0, config_bytes); };
    switch (loader) {
        case BootLoader::grub: {
            GrubStart start;
            start.root = file.volume;
            start.known = false;
            if (file.volume != Volumes::iso && !volumes_.tree().nodes.empty())
                start.root = Volumes::iso;  // usually present
            take_configs(run_grub_config(volumes_, start, file.volume, file.path), node);
            break;
        }
        case BootLoader::syslinux: {
            BootConfig said = parse_syslinux(text());
            if (facts_.kind != MediumKind::iso)
                facts_.configs[fact].said.modules = said.modules;
            // ISOLINUX sees other names than the rest of the world; U-Boot and SYSLINUX read FAT.
            if (file.volume == Volumes::iso && facts_.kind == MediumKind::iso)
                add_syslinux_entries(fact, node, said, std::string(directory_of_names(file.path)));
            else
                add_entries_of(file, fact, node, std::move(said));
            break;
        }
        case BootLoader::systemd_boot: {
            // systemd-boot reads only those in the ESP it was started from.
            facts_.configs[fact].judged = false;
            take_loader_entry(file.volume, file.path, file.content, node);
            break;
        }
        case BootLoader::ipxe: add_entries_of(file, fact, node, parse_ipxe(text())); break;
        case BootLoader::refind: add_entries_of(file, fact, node, parse_refind(text())); break;
        case BootLoader::limine: add_entries_of(file, fact, node, parse_limine(text())); break;
        case BootLoader::raspberry_pi: {
            BootConfig said = parse_raspberry_pi(text());
            complete_pi(said, file.volume);
            add_entries_of(file, fact, node, std::move(said));
            break;
        }
        case BootLoader::unified_kernel: break;  // has no file of text
    }
}

/// Raspberry Pi's firmware has a default kernel, and reads the parameters from cmdline.txt.
void BootWalk::complete_pi(BootConfig& said, std::size_t volume) {
    constexpr std::size_t parameters_limit = 4096;
    if (said.entries.empty())
        said.entries.emplace_back();
    BootEntry& entry = said.entries.front();
    for (const char* name : {"kernel_2712.img", "kernel8.img"})
        if (volumes_.find(volume, std::string("/") + name) && entry.kernel.path.empty() &&
            !entry.other_kernel)
            entry.kernel = {name, 0, true};
    if (!entry.kernel.path.empty() && !entry.extras.empty()) {  // with a kernel they are judged as initrds
        for (NamedExtra& extra : entry.extras)
            entry.initrds.push_back(std::move(extra.file));
        entry.extras.clear();
    }
    const auto file = volumes_.find(volume, "/cmdline.txt");
    const std::string text = file ? file->content.read(0, parameters_limit) : "";
    const std::string_view first = std::string_view(text).substr(0, text.find('\n'));
    if (entry.title.empty())
        entry.title = "config.txt";
    for (const std::string_view word : words_of(first))
        append_words(entry, word);
    const bool one_line = text.find_first_not_of(" \t\r\n", first.size()) == text.npos;
    entry.certain = !first.empty() && one_line && !entry.other_kernel;
    add_labels(said, entry.command_line, 0);
}

void BootWalk::add_entries_of(const VolumeFile& file, std::size_t fact, std::size_t node, BootConfig said) {
    const std::string directory(directory_of_names(file.path));
    add_faults(fact, said.faults);
    for (BootEntry& boot : said.entries) {
        EntryFacts entry;
        entry.volume = file.volume;
        const auto find = [&](const NamedFile& named) -> std::string {
            const auto found =
                named.certain ? volumes_.find(file.volume, absolute(directory, named.path)) : std::nullopt;
            return found ? found->path : "";
        };
        entry.kernel = find(boot.kernel);
        for (const NamedFile& initrd : boot.initrds)
            entry.initrds.push_back(find(initrd));
        for (const NamedExtra& extra : boot.extras)
            if (const std::string path = absolute(directory, extra.file.path);
                extra.directory ? !volumes_.is_directory(file.volume, path) : find(extra.file).empty())
                facts_.configs[fact].broken.push_back({extra.file, extra.command, boot.title, {}});
        const std::string source = fmt::format("{}:{}", file.path, boot.kernel.line);
        entry.said = std::move(boot);
        if (!entry.said.kernel.path.empty())
            add_entry(fact, node, std::move(entry), source);
    }
}

}  // namespace lktest
