// SPDX-License-Identifier: MIT
#include "builder/tree/overlay.hpp"

namespace lktest {
namespace {

void take_attributes(Inode& into, const Inode& from) {
    into.permissions = from.permissions;
    into.uid = from.uid;
    into.gid = from.gid;
    into.mtime = from.mtime;
    into.xattrs = from.xattrs;
    std::erase_if(into.xattrs, [](const auto& entry) { return entry.first.starts_with("trusted.overlay."); });
}

void lay(Inode& below, const Inode& above) {
    if (is_opaque(above))
        below.entries.clear();
    take_attributes(below, above);
    for (const auto& [name, inode] : above.entries)
        if (is_whiteout(*inode))
            below.entries.erase(name);
        else if (name.starts_with(aufs::whiteout) && !name.starts_with(aufs::bookkeeping))
            below.entries.erase(name.substr(aufs::whiteout.size()));
    for (const auto& [name, inode] : above.entries) {
        if (is_whiteout(*inode) || name.starts_with(aufs::whiteout))
            continue;
        std::shared_ptr<Inode>& place = below.entries[name];
        if (inode->type != NodeType::directory) {
            place = inode;
            continue;
        }
        if (!place || place->type != NodeType::directory) {
            place = std::make_shared<Inode>();
            place->type = NodeType::directory;
        }
        lay(*place, *inode);
    }
}

}  // namespace

bool is_opaque(const Inode& directory) {
    // Linux, Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories".
    const auto mark = directory.xattrs.find("trusted.overlay.opaque");
    return (mark != directory.xattrs.end() && mark->second == "y") ||
           directory.entries.contains(std::string(aufs::opaque_mark));
}

bool is_whiteout(const Inode& inode) {
    return inode.type == NodeType::character_device && inode.device == 0;
}

bool hides(const Inode& directory, const std::string& name) {
    return directory.entries.contains(std::string(aufs::whiteout) + name);
}

void lay_over(FileTree& below, const FileTree& above) {
    lay(below.root(), above.root());
}

}  // namespace lktest
