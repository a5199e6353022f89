// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/findings.hpp"
#include "builder/inspect/live_family.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// Parameters that name the file which contains an initramfs' medium.
constexpr std::array iso_parameters{
    std::string_view("findiso"),  std::string_view("fromiso"), std::string_view("iso-scan/filename"),
    std::string_view("img_loop"), std::string_view("isofrom"), std::string_view("isoloop"),
    std::string_view("isofile"),  std::string_view("from"),    std::string_view("live-media"),
};

bool names_the_iso(const BootEntry& entry) {
    return std::ranges::any_of(words_of(entry.command_line), [](std::string_view word) {
        const std::string_view name = word.substr(0, word.find('='));
        return std::ranges::find(iso_parameters, name) != iso_parameters.end();
    });
}

/// The path that `source` or `configfile` names; empty for any other command, or if unknown.
std::string successor(std::string_view line, std::string_view directory) {
    const auto words = words_of(line);
    if (words.size() < 2 || (words[0] != "source" && words[0] != "configfile" && words[0] != "."))
        return {};
    std::string path(words[1]);
    std::erase(path, '"');
    std::erase(path, '\'');
    if (path.starts_with('('))
        path.erase(0, std::min(path.find(')') + 1, path.size()));
    for (const std::string_view root : {"$root", "${root}"})
        if (path.starts_with(root))
            path.erase(0, root.size());
    for (const std::string_view prefix : {"$prefix", "${prefix}"})
        if (path.starts_with(prefix))
            path.replace(0, prefix.size(), directory);
    return path.starts_with('/') && path.find('$') == std::string::npos ? normal_path(path) : std::string();
}

/// The entries of a configuration and of those that it includes.
void collect(const IsoTree& tree, const std::string& path, std::set<std::string>& seen,
             std::vector<BootEntry>& entries) {
    constexpr std::size_t most_files = 8, size_limit = 1 << 20;
    const IsoNode* node = tree.find(path);
    if (!node || node->directory || seen.size() >= most_files || !seen.insert(path).second)
        return;
    const std::string text = node->content.read(0, size_limit);
    for (BootEntry& entry : parse_grub(text).entries)
        entries.push_back(std::move(entry));
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (const std::string next = successor(line, directory_of(path)); !next.empty())
            collect(tree, next, seen, entries);
    }
}

}  // namespace

void judge_loopback(const MediumFacts& facts, IsoFindings& findings) {
    for (const char* path : {"/boot/grub/loopback.cfg", "/boot/grub2/loopback.cfg"}) {
        std::set<std::string> seen;
        std::vector<BootEntry> entries;
        if (!facts.tree || !facts.tree->find(path))
            continue;
        collect(*facts.tree, path, seen, entries);
        std::erase_if(entries, [](const BootEntry& entry) {
            return is_tool(entry) || families_asked_by(entry.command_line).empty();
        });
        // A variable may hold the parameter.
        const bool told = std::ranges::any_of(
            entries, [](const BootEntry& entry) { return !entry.certain || names_the_iso(entry); });
        if (entries.empty() || told)
            continue;
        const LiveFamily& family = *families_asked_by(entries.front().command_line).front();
        const std::string_view wanted = family.name == "live-boot" ? "findiso=${iso_path}"
                                        : family.name == "archiso" || family.name == "miso"
                                            ? "img_dev=… img_loop=${iso_path}"
                                            : "iso-scan/filename=${iso_path}";
        add_warning(
            findings, "loopback-without-iso-path",
            fmt::format(
                "{} has entries such as '{}' that do not pass the path of the ISO to the kernel ({}). If "
                "another boot manager starts the ISO from a file, {} does not find its medium.",
                path, entries.front().title, wanted, family.name),
            fmt::format("Write entries with {} into {}, instead of including the medium's menu.", wanted,
                        path));
    }
}

}  // namespace lktest
