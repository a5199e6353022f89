// SPDX-License-Identifier: MIT
#include "builder/inspect/boot_graph.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lktest {

std::string name(const BootWay& way) {
    std::string_view medium = "from the network";
    if (way.medium == BootWay::Medium::cd)
        medium = "from a CD";
    else if (way.medium == BootWay::Medium::disk)
        medium = "from a USB stick or disk";
    switch (way.firmware) {
        case BootWay::Firmware::bios: return fmt::format("BIOS {}", medium);
        case BootWay::Firmware::uefi: return fmt::format("UEFI {} {}", way.machine, medium);
        case BootWay::Firmware::loop: return "as a file, by another boot manager";
    }
    return {};
}

std::size_t BootGraph::add(BootNode node) {
    nodes.push_back(std::move(node));
    return nodes.size() - 1;
}

std::size_t BootGraph::find_or_add(const BootNode& node) {
    const auto known = std::ranges::find_if(nodes, [&](const BootNode& other) {
        return other.kind == node.kind && other.name == node.name && other.fact == node.fact &&
               other.entry == node.entry && other.there == node.there;
    });
    return known == nodes.end() ? add(node) : static_cast<std::size_t>(known - nodes.begin());
}

void BootGraph::connect(std::size_t from, std::size_t to, std::string rule, std::string source) {
    const bool known = std::ranges::any_of(edges, [&](const BootEdge& edge) {
        return edge.from == from && edge.to == to && edge.source == source;
    });
    if (!known)
        edges.push_back({from, to, std::move(rule), std::move(source)});
}

std::set<std::size_t> BootGraph::reached_from(std::size_t node) const {
    std::set<std::size_t> reached{node};
    std::vector<std::size_t> todo{node};
    while (!todo.empty()) {
        const std::size_t at = todo.back();
        todo.pop_back();
        for (const BootEdge& edge : edges)
            if (edge.from == at && reached.insert(edge.to).second)
                todo.push_back(edge.to);
    }
    return reached;
}

std::set<std::size_t> BootGraph::reached_configs() const {
    std::set<std::size_t> configs;
    for (const BootWay& way : ways)
        for (const std::size_t node : reached_from(way.start))
            if (nodes[node].kind == BootNode::Kind::config && nodes[node].fact)
                configs.insert(*nodes[node].fact);
    return configs;
}

}  // namespace lktest
