// SPDX-License-Identifier: MIT
#include "builder/layer/squashfs_nodes.hpp"

#include <sqfs/error.h>
#include <sys/sysmacros.h>

#include <cstdlib>
#include <cstring>

namespace lktest {
namespace {

/// The kernel's 32-bit form of a device number (new_encode_dev() of linux/kdev_t.h).
std::uint32_t device_number(dev_t device) {
    const unsigned minor = ::minor(device), major = ::major(device);
    return (minor & 0xFF) | (major << 8) | ((minor & ~0xFFU) << 12);
}

SQFS_INODE_TYPE record_type(NodeType type) {
    switch (type) {
        case NodeType::directory: return SQFS_INODE_DIR;
        case NodeType::regular: return SQFS_INODE_FILE;
        case NodeType::symlink: return SQFS_INODE_SLINK;
        case NodeType::character_device: return SQFS_INODE_CDEV;
        case NodeType::block_device: return SQFS_INODE_BDEV;
        case NodeType::fifo: return SQFS_INODE_FIFO;
        case NodeType::socket: return SQFS_INODE_SOCKET;
    }
    std::abort();
}

}  // namespace

SquashfsNodes::SquashfsNodes(const Inode& root) {
    SquashfsNode& node = find_or_add(root);
    node.links = 2;
    add_entries(node);
}

SquashfsNode& SquashfsNodes::find_or_add(const Inode& inode) {
    SquashfsNode*& node = by_inode_[&inode];
    if (!node) {
        node = &nodes_.emplace_back(inode);
        node->number = static_cast<std::uint32_t>(nodes_.size());
    }
    return *node;
}

void SquashfsNodes::add_entries(SquashfsNode& directory) {
    for (const auto& [name, inode] : directory.inode.entries) {
        SquashfsNode& node = find_or_add(*inode);
        if (inode->type == NodeType::directory) {
            node.links = 2;  // its name and its own "."; each directory below adds its ".."
            ++directory.links;
        } else {
            ++node.links;
        }
    }
    for (const auto& [name, inode] : directory.inode.entries)
        if (inode->type == NodeType::directory)
            add_entries(of(*inode));
}

std::uint16_t squashfs_mode(const Inode& inode) {
    return static_cast<std::uint16_t>(static_cast<mode_t>(inode.type) | (inode.permissions & 07777));
}

int complete_record(SquashfsNode& node) {
    const Inode& inode = node.inode;
    if (inode.type != NodeType::regular) {
        node.record = static_cast<sqfs_inode_generic_t*>(
            std::calloc(1, sizeof(sqfs_inode_generic_t) + inode.target.size()));
        if (!node.record)
            return SQFS_ERROR_ALLOC;
        node.record->base.type = record_type(inode.type);
    }
    auto& data = node.record->data;
    switch (inode.type) {
        case NodeType::regular:
            // The short form of a file's inode has no link count: it means 1.
            if (node.links > 1)
                if (const int error = sqfs_inode_make_extended(node.record); error != 0)
                    return error;
            if (node.record->base.type == SQFS_INODE_EXT_FILE)
                data.file_ext.nlink = node.links;
            break;
        case NodeType::symlink:
            data.slink.nlink = node.links;
            data.slink.target_size = static_cast<std::uint32_t>(inode.target.size());
            std::memcpy(node.record->extra, inode.target.data(), inode.target.size());
            break;
        case NodeType::character_device:
        case NodeType::block_device:
            data.dev.nlink = node.links;
            data.dev.devno = device_number(inode.device);
            break;
        case NodeType::fifo:
        case NodeType::socket: data.ipc.nlink = node.links; break;
        case NodeType::directory: std::abort();  // the directory writer makes those
    }
    return node.xattrs == no_xattrs ? 0 : sqfs_inode_set_xattr_index(node.record, node.xattrs);
}

}  // namespace lktest
