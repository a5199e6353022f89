// SPDX-License-Identifier: MIT
#include "builder/inspect/isolinux_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "builder/inspect/iso_sector.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::size_t image_limit = 256 << 10;

/// The modules that a COM32 module depends on (the same in SYSLINUX 5 and 6).
struct Needs {
    std::string_view module, needed;
};
constexpr std::array needs{
    Needs{"menu.c32", "libutil.c32"},     Needs{"vesamenu.c32", "libcom32.c32"},
    Needs{"vesamenu.c32", "libutil.c32"}, Needs{"gfxboot.c32", "libcom32.c32"},
    Needs{"chain.c32", "libcom32.c32"},   Needs{"chain.c32", "libutil.c32"},
    Needs{"hdt.c32", "libcom32.c32"},     Needs{"ifcpu64.c32", "libcom32.c32"},
};

/// Where ISOLINUX looks for its modules and its configuration (doc/isolinux.txt).
std::vector<std::string> directories(const std::string& own) {
    return {own, "/boot/isolinux", "/isolinux", "/boot/syslinux", "/syslinux", "/"};
}

/// The path of a file that ISOLINUX looks for; empty if there is none.
std::string located(const IsoTree& tree, const std::string& own, std::string_view file) {
    if (file.starts_with('/'))
        return tree.find(file) ? std::string(file) : tree.find_any_case(normal_path(file));
    for (const std::string& directory : directories(own))
        if (std::string path = tree.find_any_case(normal_path(directory + "/" + std::string(file)));
            !path.empty())
            return path;
    return {};
}

bool found(const IsoTree& tree, const std::string& own, std::string_view file) {
    return !located(tree, own, file).empty();
}

/// Adds what these modules depend on.
void add_needed(std::set<std::string>& modules) {
    for (const std::string& module : std::set(modules))
        for (const Needs& need : needs)
            if (lower_case(file_name_of(module)) == need.module)
                modules.emplace(need.needed);
}

void check_table(IsolinuxFacts& facts, const ByteView& image, std::uint64_t offset) {
    const std::string head = image.read(0, 64);
    const std::uint64_t length = le32(head, 16);
    facts.table_patched = le32(head, 8) == 16 && std::uint64_t{le32(head, 12)} * iso_sector == offset;
    if (!facts.table_patched || length > image_limit)
        return;
    const std::string bytes = image.read(0, length);
    std::uint32_t sum = 0;
    for (std::size_t at = 64; at < bytes.size(); at += 4)
        sum += le32(bytes, at);
    facts.checksum_right = bytes.size() == length && sum == le32(head, 20);
}

std::vector<std::string> missing_modules(const IsolinuxFacts& facts, const IsoTree& tree,
                                         const std::vector<ConfigFacts>& configs) {
    const std::string own(directory_of(facts.path));
    std::set<std::string> wanted, missing;
    for (const ConfigFacts& config : configs)
        for (const NamedFile& module : config.said.modules)
            wanted.insert(module.path);
    if (facts.needs_ldlinux)
        add_needed(wanted);
    std::ranges::copy_if(wanted, std::inserter(missing, missing.end()),
                         [&](const std::string& module) { return !found(tree, own, module); });
    return {missing.begin(), missing.end()};
}

/// The modules of SYSLINUX 5 and 6 are ELF, and those of older versions begin with an instruction as a mark.
std::vector<std::string> foreign_modules(const IsolinuxFacts& facts, const IsoTree& tree,
                                         const std::vector<ConfigFacts>& configs) {
    std::set<std::string> foreign;
    if (facts.version.empty())
        return {};
    for (const ConfigFacts& config : configs)
        for (const NamedFile& module : config.said.modules) {
            const std::string path = located(tree, std::string(directory_of(facts.path)), module.path);
            const IsoNode* node = path.empty() ? nullptr : tree.find(path);
            if (!node || node->directory)
                continue;
            const std::string head = node->content.read(0, 5);
            if (facts.needs_ldlinux ? head == "\xb8\xff\x4c\xcd\x21" : head.starts_with("\177ELF"))
                foreign.insert(path);
        }
    return {foreign.begin(), foreign.end()};
}

}  // namespace

std::optional<PxelinuxFacts> read_pxelinux(const IsoTree& tree, const std::vector<ConfigFacts>& configs) {
    constexpr std::string_view banner = "PXELINUX ";
    std::set<std::string> names;  // a server may keep the modules in another directory
    std::optional<PxelinuxFacts> facts;
    bool has_config = false;
    for (const auto& [path, node] : tree.nodes) {
        names.insert(lower_case(file_name_of(path)));
        // "default" is often a link.
        has_config |= !node.directory && directory_of(path).ends_with("/pxelinux.cfg");
        if (facts || node.directory || !path.ends_with("pxelinux.0"))
            continue;
        if (const std::uint64_t at = find_text(node.content, banner, image_limit); at != not_found) {
            const std::string said = node.content.read(at + banner.size(), 16);
            facts = PxelinuxFacts{path, said.substr(0, said.find_first_not_of("0123456789."))};
        }
    }
    if (!facts)
        return std::nullopt;
    facts->has_config = has_config;
    std::set<std::string> wanted;
    if (!facts->version.empty() && facts->version[0] >= '5')
        wanted.insert("ldlinux.c32");
    for (const ConfigFacts& config : configs) {
        if (config.said.loader == BootLoader::syslinux)
            for (const NamedFile& module : config.said.modules)
                wanted.insert(lower_case(file_name_of(module.path)));
    }
    if (wanted.contains("ldlinux.c32"))
        add_needed(wanted);
    std::ranges::copy_if(wanted, std::back_inserter(facts->missing_modules),
                         [&names](const std::string& module) { return !names.contains(module); });
    return facts;
}

std::optional<IsolinuxFacts> read_isolinux(const ByteView& image, std::uint64_t offset, const IsoTree& tree,
                                           const std::vector<ConfigFacts>& configs) {
    constexpr std::string_view banner = "ISOLINUX ";
    const std::uint64_t at = find_text(image, banner, image_limit);
    if (at == not_found)
        return std::nullopt;
    IsolinuxFacts facts;
    facts.path = tree.path_at(offset);
    const std::string said = image.read(at + banner.size(), 16);
    facts.version = said.substr(0, said.find_first_not_of("0123456789."));
    facts.needs_ldlinux = !facts.version.empty() && facts.version[0] >= '5' && facts.version[0] <= '9';
    check_table(facts, image, offset);
    const std::string own(directory_of(facts.path));
    facts.has_ldlinux = found(tree, own, "ldlinux.c32");
    facts.has_config = found(tree, own, "isolinux.cfg") || found(tree, own, "syslinux.cfg");
    facts.missing_modules = missing_modules(facts, tree, configs);
    facts.foreign_modules = foreign_modules(facts, tree, configs);
    return facts;
}

}  // namespace lktest
