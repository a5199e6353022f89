// SPDX-License-Identifier: MIT
// The hash trees of dm-verity on a medium, and the data that they cover.
#include <fmt/format.h>

#include <algorithm>

#include "builder/inspect/medium_parts.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::size_t tree_limit = 64;

/// A part of the medium that a tree may cover.
struct Candidate {
    std::string place;
    ByteView content;
    std::uint64_t used = 0;  ///< by its file system
};

std::vector<Candidate> candidates_of(const ByteView& medium, const MediumFacts& facts) {
    std::vector<Candidate> found;
    for (const ErofsFacts& image : facts.erofs)
        found.push_back({image.path, image.content, image.super.used});
    for (const LayerFacts& layer : facts.layers)
        found.push_back({layer.path, layer.content, layer.super ? layer.super->used : layer.size});
    const PartitionTables& tables = facts.partitions;
    for (const Partition& partition : tables.gpt ? tables.gpt->partitions : std::vector<Partition>())
        if (!partition.esp && !partition.extended_boot &&
            std::ranges::find(found, name_of(partition), &Candidate::place) == found.end())
            found.push_back(
                {name_of(partition), medium.part(partition.offset, partition.size), partition.size});
    return found;
}

/// The data of a tree: content that matches it, or else the only image of its size.
const Candidate* data_of(const VerityTree& tree, const ByteView& bytes,
                         const std::vector<Candidate>& candidates) {
    const std::uint64_t size = tree.data_blocks * tree.data_block_size;
    const Candidate* same_size = nullptr;
    std::size_t count = 0;
    for (const Candidate& candidate : candidates) {
        if (candidate.place == tree.place || candidate.content.size() < size)
            continue;
        if (covers(bytes, candidate.content))
            return &candidate;
        if (candidate.content.size() == size || candidate.used == size) {
            same_size = &candidate;
            ++count;
        }
    }
    return count == 1 ? same_size : nullptr;
}

}  // namespace

void add_verity(const ByteView& medium, const IsoTree& tree, std::uint64_t data_limit, MediumFacts& facts) {
    const std::vector<Candidate> candidates = candidates_of(medium, facts);
    std::uint64_t left = data_limit;
    const auto add = [&](const ByteView& bytes, const std::string& place, const Candidate* data,
                         const std::string& uuid) {
        auto found = facts.verity.size() < tree_limit ? read_verity(bytes, place) : std::nullopt;
        if (!found)
            return;
        found->partition_uuid = uuid;
        if (!data)
            data = data_of(*found, bytes, candidates);
        if (data) {
            found->data_place = data->place;
            const std::uint64_t size = found->data_blocks * found->data_block_size;
            if (!found->cut && size <= left) {
                left -= size;
                found->difference = first_difference(bytes, data->content);
            }
        }
        facts.verity.push_back(std::move(*found));
    };
    const PartitionTables& tables = facts.partitions;
    if (facts.kind != MediumKind::netboot)
        for (const Partition& partition : tables.gpt ? tables.gpt->partitions : tables.mbr)
            add(medium.part(partition.offset, partition.size), name_of(partition), nullptr, partition.uuid);
    for (const auto& [path, node] : tree.nodes)
        if (!node.directory)
            add(node.content, path, nullptr, {});
    // veritysetup --hash-offset appends the tree to the image.
    for (const Candidate& candidate : candidates) {
        std::uint64_t before = 0;
        for (const std::uint64_t unit : {std::uint64_t{512}, std::uint64_t{4096}, std::uint64_t{1} << 20}) {
            const std::uint64_t at = (candidate.used + unit - 1) / unit * unit;
            if (at != before && at != 0 && at < candidate.content.size())
                add(candidate.content.from(at), fmt::format("{}, byte {}", candidate.place, at), &candidate,
                    {});
            before = at;
        }
    }
}

}  // namespace lktest
