// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "builder/inspect/boot_paths.hpp"
#include "builder/inspect/findings.hpp"
#include "builder/inspect/kernel_support.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// "roothash=…", "usrhash=…": a value of hexadecimal digits as long as a digest.
std::vector<std::pair<std::string, std::string>> hashes_in(std::string_view line) {
    std::vector<std::pair<std::string, std::string>> found;
    for (const std::string_view word : words_of(line)) {
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos || word.substr(0, equals).find("hash") == std::string_view::npos)
            continue;
        const std::string value = lower_case(word.substr(equals + 1));
        if (value.size() >= 40 && value.find_first_not_of("0123456789abcdef") == std::string::npos)
            found.emplace_back(word.substr(0, equals), value);
    }
    return found;
}

void judge_trees(const MediumFacts& facts, IsoFindings& findings) {
    for (const VerityTree& tree : facts.verity) {
        if (tree.cut)
            add_error(
                findings, "verity-cut",
                fmt::format("The dm-verity hash tree in {} is cut off: reading the blocks that it no longer "
                            "covers fails.",
                            tree.place),
                "Make it again with veritysetup format, or copy it again.");
        if (tree.difference && !tree.difference->empty())
            add_error(findings, "verity-data",
                      fmt::format("{} does not match the dm-verity hash tree in {}: the hash of {} is "
                                  "different, and reading it ends in an I/O error.",
                                  tree.data_place, tree.place, *tree.difference),
                      "Copy the image again, or run veritysetup format after the last change to it.");
    }
}

/// systemd finds the two partitions by the root hash: its first and its last 128 bits are their UUIDs.
void judge_partitions(const MediumFacts& facts, const BootPath& path, const std::string& hash,
                      IsoFindings& findings) {
    constexpr std::size_t uuid_digits = 32;
    const auto& parameters = path.entry->said.command_line;
    const bool by_systemd =
        path.initramfs && std::ranges::any_of(path.initramfs->image.paths, [](const std::string& file) {
            return file.ends_with("/systemd-veritysetup-generator");
        });
    if (!by_systemd || !facts.partitions.gpt || hash.size() < 2 * uuid_digits ||
        has_parameter(parameters, "systemd.verity_root_data") ||
        has_parameter(parameters, "systemd.verity_root_hash"))
        return;
    const auto has = [&facts](std::string digits) {
        for (const std::size_t dash : {8, 13, 18, 23})
            digits.insert(dash, "-");
        return std::ranges::find(facts.partitions.gpt->partitions, digits, &Partition::uuid) !=
               facts.partitions.gpt->partitions.end();
    };
    const bool data = has(hash.substr(0, uuid_digits)), tree = has(hash.substr(hash.size() - uuid_digits));
    if (data && tree)
        return;
    add_error(
        findings, "verity-partition-uuid",
        fmt::format("{} says roothash=, by which systemd looks for the {} with the UUID that is the "
                    "{} 128 bits of the hash. No partition has it: the boot waits for it forever.",
                    describe(path), data ? "hash partition" : "root partition", data ? "last" : "first"),
        "Give the partitions those UUIDs (systemd-repart does so), or name them with "
        "systemd.verity_root_data= and systemd.verity_root_hash=.");
}

void judge_missing_tree(const BootPath& path, const std::string& name, IsoFindings& findings) {
    const std::string& parameters = path.entry->said.command_line;
    const std::string kind = name.substr(0, name.find("hash"));  // "root", "usr"
    if ((name != "roothash" && name != "usrhash") ||
        has_parameter(parameters, fmt::format("systemd.verity_{}_hash", kind)) ||
        has_parameter(parameters, fmt::format("systemd.verity_{}_options", kind)))
        return;
    add_error(findings, "verity-tree-missing",
              fmt::format("{} says {}=, but no dm-verity hash tree is on the medium: the root cannot be set "
                          "up.",
                          describe(path), name),
              "Put the tree that veritysetup format wrote on the medium, as a partition of its own or "
              "appended to the image.");
}

void judge_module(const MediumFacts& facts, const BootPath& path, IsoFindings& findings,
                  std::set<std::string>& said) {
    if (!path.kernel || !path.initramfs || !path.initramfs->image.fault.empty() ||
        module_state(facts, path, "dm_verity", "CONFIG_DM_VERITY") != ModuleState::missing ||
        !said.insert("module " + path_of(*path.initramfs)).second)
        return;
    add_error(findings, "initramfs-module-missing",
              fmt::format("{} lacks the module dm-verity, and the kernel does not have it built in: {} asks "
                          "for a verified root, which cannot be set up.",
                          path_of(*path.initramfs), describe(path)),
              "Add the module to the initramfs, or build the kernel with CONFIG_DM_VERITY=y.");
}

}  // namespace

void judge_verity(const MediumFacts& facts, IsoFindings& findings) {
    judge_trees(facts, findings);
    std::set<std::string> known, said;
    bool all_known = true;
    for (const VerityTree& tree : facts.verity) {
        known.insert(tree.root_hash);
        all_known &= !tree.root_hash.empty();
    }
    for (const BootPath& path : boot_paths(facts))
        for (const auto& [name, value] : hashes_in(path.entry->said.command_line)) {
            if (known.contains(value) || name == "roothash" || name == "usrhash")
                judge_module(facts, path, findings, said);
            if (!said.insert(name + value).second)
                continue;
            if (facts.verity.empty())
                judge_missing_tree(path, name, findings);
            else if (all_known && !known.contains(value))
                add_error(findings, "verity-root-hash",
                          fmt::format("{} says {}={}, but the hash tree in {} has the root hash {}: "
                                      "dm-verity refuses the root.",
                                      describe(path), name, value, facts.verity.front().place,
                                      fmt::join(known, ", ")),
                          "Use the root hash that veritysetup printed for this tree, or put the matching "
                          "tree on the medium.");
            else if (known.contains(value) && name == "roothash")
                judge_partitions(facts, path, value, findings);
        }
}

}  // namespace lktest
