// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "builder/inspect/boot_paths.hpp"
#include "builder/inspect/findings.hpp"
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

}  // namespace

void judge_verity(const MediumFacts& facts, IsoFindings& findings) {
    std::set<std::string> known, said;
    bool all_known = true;
    for (const VerityTree& tree : facts.verity) {
        known.insert(tree.root_hash);
        all_known &= !tree.root_hash.empty();
        if (tree.cut)
            add_error(
                findings, "verity-cut",
                fmt::format("The dm-verity hash tree in {} is cut off: reading the blocks that it no longer "
                            "covers fails.",
                            tree.place),
                "Make it again with veritysetup format, or copy it again.");
    }
    if (facts.verity.empty() || !all_known)
        return;
    for (const BootPath& path : boot_paths(facts))
        for (const auto& [name, value] : hashes_in(path.entry->said.command_line))
            if (!known.contains(value) && said.insert(value).second)
                add_error(findings, "verity-root-hash",
                          fmt::format("{} says {}={}, but the hash tree in {} has the root hash {}: "
                                      "dm-verity refuses the root.",
                                      describe(path), name, value, facts.verity.front().place,
                                      fmt::join(known, ", ")),
                          "Use the root hash that veritysetup printed for this tree, or put the matching "
                          "tree on the medium.");
}

}  // namespace lktest
