// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <string>

#include "builder/tree/file_tree.hpp"

namespace lktest {

/// Everything in a tree, a line for each name, the root first.
inline std::string listing(const FileTree& tree) {
    std::string text;
    std::map<const Inode*, std::string> first;
    const auto add = [&](const std::string& path, const Inode& inode) {
        text += fmt::format("{} {:o} {:o} {}/{} {} {} {} {} {} same as {}\n", path,
                            static_cast<unsigned>(inode.type), inode.permissions, inode.uid, inode.gid,
                            inode.mtime, inode.device, inode.target, inode.content.size(),
                            std::hash<std::string>()(inode.content.whole()),
                            first.emplace(&inode, path).first->second);
        for (const auto& [key, value] : inode.xattrs)
            text += fmt::format("  {}={}\n", key, value);
    };
    tree.walk(add);
    return text;
}

}  // namespace lktest
