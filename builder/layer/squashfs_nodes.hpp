// SPDX-License-Identifier: MIT
#pragma once

#include <sqfs/inode.h>

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "builder/tree/file_tree.hpp"

namespace lktest {

/// The xattr index of an inode that has none (SquashFS 4.0).
inline constexpr std::uint32_t no_xattrs = 0xFFFFFFFF;

/// An inode on its way into the image.
struct SquashfsNode {
    explicit SquashfsNode(const Inode& source) : inode(source) {}
    SquashfsNode(const SquashfsNode&) = delete;
    SquashfsNode& operator=(const SquashfsNode&) = delete;
    ~SquashfsNode() { sqfs_free(record); }

    const Inode& inode;
    std::uint32_t number = 0;  ///< from 1
    std::uint32_t links = 0;
    std::uint32_t xattrs = no_xattrs;
    /// The record for the inode table. For a regular file the block processor keeps
    /// a pointer to this pointer until finish(), so a node must not move.
    sqfs_inode_generic_t* record = nullptr;
    std::uint64_t reference = 0;  ///< where it is in the inode table
    bool written = false;
};

/// Every inode of a tree once, numbered so that the entries of a directory follow each
/// other, which keeps the listings short. Hard links share a node.
class SquashfsNodes {
public:
    explicit SquashfsNodes(const Inode& root);

    SquashfsNode& of(const Inode& inode) { return *by_inode_.at(&inode); }
    std::deque<SquashfsNode>& all() { return nodes_; }

private:
    SquashfsNode& find_or_add(const Inode& inode);
    void add_entries(SquashfsNode& directory);

    std::deque<SquashfsNode> nodes_;
    std::unordered_map<const Inode*, SquashfsNode*> by_inode_;
};

/// Mode with file type, as in the image.
std::uint16_t squashfs_mode(const Inode& inode);

/// Completes the record of anything but a directory with what its type needs; of a
/// regular file the block processor has made it. Returns an SQFS_ERROR or 0.
int complete_record(SquashfsNode& node);

}  // namespace lktest
