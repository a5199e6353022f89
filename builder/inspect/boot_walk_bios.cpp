// SPDX-License-Identifier: MIT
// The ways of a BIOS: GRUB by its boot image, ISOLINUX.
#include <fmt/format.h>

#include <algorithm>

#include "builder/inspect/boot_walker.hpp"
#include "builder/inspect/limits.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {

void BootWalk::walk_bios() {
    if (!facts_.catalogue)
        return;
    for (std::size_t i = 0; i < facts_.catalogue->images.size(); ++i) {
        const BootImage& image = facts_.catalogue->images[i];
        if (image.platform != bios_platform || !image.bootable || image.offset >= iso_.size())
            continue;
        BootWay way{BootWay::Firmware::bios, BootWay::Medium::cd, "x86_64"};
        way.start = graph().add({Kind::firmware, name(way)});
        const std::string path = facts_.boot_paths[i];
        const std::size_t node = graph().find_or_add(
            {Kind::image, path.empty() ? fmt::format("byte {}", image.offset) : path, true, i});
        graph().connect(way.start, node, "El Torito", fmt::format("entry {}", i + 1));
        way.last = node;
        const ByteView bytes = iso_.part(image.offset, 4 << 20);
        if (find_text(bytes, "ISOLINUX ", 256 << 10) != not_found)
            follow_isolinux(way, std::string(directory_of(path)), node);
        else if (const auto core = read_grub_core(bytes))
            follow_grub_core(way, *core, node);
        else {
            way.followed = false;
            guess_bios(way, node);
        }
        graph().ways.push_back(std::move(way));
    }
}

void BootWalk::follow_grub_core(BootWay& way, const GrubProgram& core, std::size_t node) {
    GrubStart start;
    start.platform = "pc";
    start.cpu = "i386";
    start.root = Volumes::iso;
    use_program(start, core);
    take_grub(way, run_grub(volumes_, start), node);
}

void BootWalk::guess_bios(BootWay& way, std::size_t node) {
    GrubStart start;
    start.platform = "pc";
    start.cpu = "i386";
    for (const std::string directory : {"/boot/grub/i386-pc", "/boot/grub2/i386-pc"}) {
        if (!volumes_.is_directory(Volumes::iso, directory))
            continue;
        guess_grub(start, Volumes::iso, node);
        if (!volumes_.find(Volumes::iso, directory + "/normal.mod")) {
            way.stops = "GRUB stops at \"grub rescue>\"";
            way.missing.push_back(directory + "/normal.mod");
        }
    }
    facts_.gap = true;
}

void BootWalk::follow_isolinux(BootWay& way, const std::string& own, std::size_t node) {
    for (const std::string& directory :
         {own, std::string("/boot/isolinux"), std::string("/isolinux"), std::string("/boot/syslinux"),
          std::string("/syslinux"), std::string("/")})
        for (const char* file : {"isolinux.cfg", "syslinux.cfg"}) {
            const std::string path = find_plain(normal_path(directory + "/" + file));
            if (path.empty())
                continue;
            SyslinuxMenu menu{std::string(directory_of(path)), {}, {}, {}, false};
            read_syslinux(menu, path, node, "ISOLINUX reads it", 0);
            find_lost(menu);
            if (!menu.choices.empty() && menu.commands.empty() && !menu.shows_menu && menu.missing.empty())
                add_faults(
                    config_fact(Volumes::iso, path, BootLoader::syslinux),
                    {{"syslinux-no-default", 0,
                      "no line says DEFAULT or UI, so ISOLINUX prints \"No DEFAULT or UI configuration "
                      "directive found!\" and stays at its prompt, \"boot:\".",
                      fmt::format("Add DEFAULT {}, or UI menu.c32 for a menu.", menu.choices.front())}});
            if (menu.choices.empty() && menu.chosen.path.empty()) {
                way.stops = "ISOLINUX has no menu entry";
                for (const NamedFile& missing : menu.missing)
                    way.missing.push_back(missing.path);
            }
            return;
        }
    way.stops = "ISOLINUX finds no configuration";
}

void BootWalk::find_lost(const SyslinuxMenu& menu) {
    const auto is_label = [&menu](const std::string& name) {
        return std::ranges::any_of(menu.choices, [&name](const std::string& choice) {
            return lower_case(choice) == lower_case(name);
        });
    };
    if (menu.choices.empty() || !menu.missing.empty())
        return;  // the labels are not known
    for (const SyslinuxMenu::Command& command : menu.commands)
        if (!(command.is_default && menu.shows_menu) && !is_label(command.named.path) &&
            find_plain(absolute(menu.directory, command.named.path)).empty())
            facts_.configs[command.config].lost.push_back(command.named);
}

std::string BootWalk::find_plain(const std::string& path) const {
    if (const IsoNode* node = isolinux_tree_.find(path); node && !node->directory)
        return path;
    const std::string other = isolinux_tree_.find_any_case(path);
    const IsoNode* node = other.empty() ? nullptr : isolinux_tree_.find(other);
    return node && !node->directory ? other : "";
}

void BootWalk::add_faults(std::size_t fact, const std::vector<ConfigFault>& faults) {
    auto& known = facts_.configs[fact].faults;
    for (const ConfigFault& fault : faults)
        if (std::ranges::find(known, fault) == known.end())
            known.push_back(fault);
}

std::string BootWalk::absolute(const std::string& directory, const std::string& path) {
    return normal_path(path.starts_with('/') ? path : directory + "/" + path);
}

void BootWalk::read_syslinux(SyslinuxMenu& menu, const std::string& path, std::size_t from,
                             const std::string& rule, int depth) {
    constexpr int include_depth_limit = 16;
    if (depth > include_depth_limit || syslinux_read_.size() >= walk_config_limit ||
        !syslinux_read_.insert(path).second)
        return;
    const IsoNode* file = isolinux_tree_.find(path);
    if (!file)
        return;
    const std::size_t fact = config_fact(Volumes::iso, path, BootLoader::syslinux);
    const std::size_t node = graph().find_or_add({Kind::config, path, true, fact});
    graph().connect(from, node, rule, path);
    BootConfig said = parse_syslinux(file->content.read(0, config_bytes));
    add_syslinux_entries(fact, node, said, menu.directory);
    menu.choices.insert(menu.choices.end(), said.choices.begin(), said.choices.end());
    menu.shows_menu |= said.shows_menu;
    if (!said.chosen.path.empty())
        menu.chosen = said.chosen;
    for (const NamedFile* named : {&said.chosen, &said.on_timeout})
        if (!named->path.empty())
            menu.commands.push_back({fact, *named, named == &said.chosen});
    for (const auto* list : {&said.includes, &said.successors})
        for (const NamedFile& include : *list) {
            const std::string target = find_plain(absolute(menu.directory, include.path));
            if (target.empty())
                menu.missing.push_back(include);
            else
                read_syslinux(menu, target, node, fmt::format("line {} reads it", include.line), depth + 1);
        }
    ConfigFacts& config = facts_.configs[fact];
    config.said.modules = said.modules;
    config.said.includes = said.includes;
    config.said.successors = said.successors;
    config.said.choices = said.choices;
    config.said.chosen = said.chosen;
    config.said.shows_menu = said.shows_menu;
}

void BootWalk::add_syslinux_entries(std::size_t fact, std::size_t node, BootConfig& said,
                                    const std::string& directory) {
    add_faults(fact, said.faults);
    for (BootEntry& boot : said.entries) {
        EntryFacts entry;
        const auto find = [&](const NamedFile& named) {
            const std::string path = absolute(directory, named.path);
            std::string found = find_plain(path);
            const auto file = volumes_.tree().nodes.find(found);
            if (file != volumes_.tree().nodes.end() && !file->second.target.empty()) {
                // It sees an empty file there.
                facts_.named_links.insert(named.path);
                found.clear();
            } else if (found.empty() && volumes_.find(Volumes::iso, path)) {
                facts_.named_in_tree.insert(named.path);
            }
            return found;
        };
        entry.kernel = find(boot.kernel);
        for (const NamedFile& initrd : boot.initrds)
            entry.initrds.push_back(find(initrd));
        const std::string source = fmt::format("{}:{}", facts_.configs[fact].path, boot.kernel.line);
        entry.said = std::move(boot);
        add_entry(fact, node, std::move(entry), source);
    }
    for (const LabelUse& use : said.labels)
        add_use(facts_.configs[fact].said.labels, use);
}

}  // namespace lktest
