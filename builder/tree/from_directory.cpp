// SPDX-License-Identifier: MIT
#include "builder/tree/from_directory.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>
#include <utility>

#include "builder/base/error.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

[[noreturn]] void throw_unreadable(const fs::path& path, int error_number) {
    throw system_error(fmt::format("cannot read {}", path.string()), error_number,
                       error_number == EACCES || error_number == EPERM ? "run as root" : "");
}

/// Calls a function of listxattr's kind with a buffer that is large enough.
template <typename Call>
std::string fill(const fs::path& path, Call call) {
    for (;;) {
        const ssize_t size = call(nullptr, 0);
        std::string buffer(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
        const ssize_t filled = size > 0 ? call(buffer.data(), buffer.size()) : size;
        if (filled < 0 && errno == ERANGE)  // it grew in between
            continue;
        if (filled < 0 && errno != ENOTSUP && errno != ENODATA)
            throw_unreadable(path, errno);
        buffer.resize(filled > 0 ? static_cast<std::size_t>(filled) : 0);
        return buffer;
    }
}

std::map<std::string, std::string> xattrs_of(const fs::path& path) {
    std::map<std::string, std::string> xattrs;
    const std::string names =
        fill(path, [&](char* buffer, std::size_t size) { return ::llistxattr(path.c_str(), buffer, size); });
    for (std::size_t start = 0; start < names.size();) {
        const std::string name = names.c_str() + start;
        start += name.size() + 1;
        if (!name.starts_with("system."))
            xattrs[name] = fill(path, [&](char* buffer, std::size_t size) {
                return ::lgetxattr(path.c_str(), name.c_str(), buffer, size);
            });
    }
    return xattrs;
}

/// Inodes with more than one link, by where they are on the host.
using Links = std::map<std::pair<dev_t, ino_t>, std::shared_ptr<Inode>>;

std::shared_ptr<Inode> read_inode(const fs::path& path, Links& links) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) < 0)
        throw_unreadable(path, errno);
    const bool shared = !S_ISDIR(status.st_mode) && status.st_nlink > 1;
    if (shared)
        if (const auto known = links.find({status.st_dev, status.st_ino}); known != links.end())
            return known->second;

    auto inode = std::make_shared<Inode>();
    inode->type = static_cast<NodeType>(status.st_mode & S_IFMT);
    inode->permissions = status.st_mode & 07777;
    inode->uid = status.st_uid;
    inode->gid = status.st_gid;
    inode->mtime = status.st_mtim.tv_sec;
    inode->xattrs = xattrs_of(path);
    std::error_code error;
    switch (inode->type) {
        case NodeType::directory:
            for (fs::directory_iterator entry(path, error), end; !error && entry != end;
                 entry.increment(error))
                inode->entries[entry->path().filename()] = read_inode(entry->path(), links);
            break;
        case NodeType::regular:
            inode->content = Content::file(path, static_cast<std::uint64_t>(status.st_size));
            break;
        case NodeType::symlink: inode->target = fs::read_symlink(path, error); break;
        case NodeType::character_device:
        case NodeType::block_device: inode->device = status.st_rdev; break;
        case NodeType::fifo:
        case NodeType::socket: break;
    }
    if (error)
        throw_unreadable(path, error.value());
    if (shared)
        links.emplace(std::pair(status.st_dev, status.st_ino), inode);
    return inode;
}

}  // namespace

FileTree directory_tree(const fs::path& directory) {
    std::error_code ignored;
    if (!fs::is_directory(directory, ignored))
        throw usage_error(fmt::format("{} is not a directory", directory.string()));
    Links links;
    FileTree tree;
    // With a slash at its end, a symlink to a directory is that directory.
    tree.put("/", read_inode(directory / "", links));
    return tree;
}

}  // namespace lktest
