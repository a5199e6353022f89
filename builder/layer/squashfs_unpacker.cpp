// SPDX-License-Identifier: MIT
#include "builder/layer/squashfs_unpacker.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/handle.hpp"
#include "builder/layer/squashfs_reader.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// One image while it is unpacked. Files are named relative to their directory's descriptor,
/// and every name is newly created, so that symlinks of the image are never followed.
class Unpacker {
public:
    Unpacker(const fs::path& image, const Progress& progress)
        : image_(ByteView::of_file(image), image.string()), progress_(progress), is_root_(::geteuid() == 0) {}

    std::vector<std::string> unpack(const fs::path& directory) {
        const SquashfsReader::Tree tree = image_.tree();
        root_.reset(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!root_)
            throw system_error(fmt::format("cannot open {}", directory.string()), errno);
        fill_directory(*tree, root_.get(), "");
        finish(*tree, root_.get(), "/");
        return std::move(omitted_);
    }

private:
    [[noreturn]] void fail(const std::string& path) const {
        throw system_error(fmt::format("cannot unpack {}", path), errno);
    }

    void fill_directory(const sqfs_tree_node_t& directory, int at, const std::string& prefix) {
        for (const sqfs_tree_node_t* node = directory.children; node; node = node->next) {
            const std::string name = image_.name_of(*node, prefix);
            make(*node, at, name, prefix + "/" + name);
        }
    }

    void make(const sqfs_tree_node_t& node, int at, const std::string& name, const std::string& path) {
        const sqfs_inode_generic_t& inode = *node.inode;
        const mode_t type = inode.base.mode & S_IFMT;
        if (type == S_IFDIR) {
            if (::mkdirat(at, name.c_str(), 0700) < 0)
                fail(path);
            const UniqueFd opened(
                ::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (!opened)
                fail(path);
            fill_directory(node, opened.get(), path);
            finish(node, opened.get(), path);
            return;
        }
        const auto [first, is_new] = links_.emplace(inode.base.inode_number, path);
        if (!is_new) {
            if (::linkat(root_.get(), first->second.c_str() + 1, at, name.c_str(), 0) < 0)
                fail(path);
        } else if (type == S_IFREG) {
            const UniqueFd opened(
                ::openat(at, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
            if (!opened)
                fail(path);
            copy(inode, opened.get(), path);
            finish(node, opened.get(), path);
        } else if (type == S_IFLNK) {
            const std::string target = SquashfsReader::link_target(inode);
            if (::symlinkat(target.c_str(), at, name.c_str()) < 0)
                fail(path);
            finish_by_name(node, at, name, path);
        } else {
            if (::mknodat(at, name.c_str(), type | 0600, SquashfsReader::device(inode)) == 0) {
                finish_by_name(node, at, name, path);
            } else if (errno == EPERM) {
                links_.erase(first);
                omitted_.push_back(fmt::format("{} is a device, which only root can make", path));
            } else {
                fail(path);
            }
        }
    }

    void copy(const sqfs_inode_generic_t& inode, int out, const std::string& path) {
        const std::uint64_t size = image_.file_size(inode, path);
        std::vector<char> block(image_.block_size());
        for (std::uint64_t offset = 0; offset < size;) {
            const std::span<const char> part = image_.read(inode, offset, block, path);
            if (std::ranges::any_of(part, [](char byte) { return byte != 0; }))
                write_at(out, part, offset, path);
            offset += part.size();
            progress_("unpack", done_ += part.size(), 0);  // the image does not state its unpacked size
        }
        if (::ftruncate(out, static_cast<off_t>(size)) < 0)
            fail(path);
    }

    void write_at(int out, std::span<const char> part, std::uint64_t offset, const std::string& path) {
        while (!part.empty()) {
            const ssize_t count = ::pwrite(out, part.data(), part.size(), static_cast<off_t>(offset));
            if (count < 0 && errno != EINTR)
                fail(path);
            const auto written = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
            part = part.subspan(written);
            offset += written;
        }
    }

    static std::array<timespec, 2> times(const sqfs_tree_node_t& node) {
        const timespec time{node.inode->base.mod_time, 0};
        return {time, time};
    }

    /// Owner before mode: a change of owner takes away the set-user-id bit.
    void finish(const sqfs_tree_node_t& node, int opened, const std::string& path) {
        if (is_root_ && ::fchown(opened, node.uid, node.gid) < 0)
            fail(path);
        for_each_xattr(node, path, [&](const char* key, const void* value, std::size_t size) {
            return ::fsetxattr(opened, key, value, size, 0);
        });
        if (::fchmod(opened, node.inode->base.mode & 07777) < 0 || ::futimens(opened, times(node).data()) < 0)
            fail(path);
    }

    /// For files that cannot be opened: symlinks, devices, pipes.
    void finish_by_name(const sqfs_tree_node_t& node, int at, const std::string& name,
                        const std::string& path) {
        if (is_root_ && ::fchownat(at, name.c_str(), node.uid, node.gid, AT_SYMLINK_NOFOLLOW) < 0)
            fail(path);
        const std::string by_descriptor = fmt::format("/proc/self/fd/{}/{}", at, name);
        for_each_xattr(node, path, [&](const char* key, const void* value, std::size_t size) {
            return ::lsetxattr(by_descriptor.c_str(), key, value, size, 0);
        });
        const bool has_mode = (node.inode->base.mode & S_IFMT) != S_IFLNK;
        if ((has_mode && ::fchmodat(at, name.c_str(), node.inode->base.mode & 07777, 0) < 0) ||
            ::utimensat(at, name.c_str(), times(node).data(), AT_SYMLINK_NOFOLLOW) < 0)
            fail(path);
    }

    template <typename Set>
    void for_each_xattr(const sqfs_tree_node_t& node, const std::string& path, Set set) {
        image_.for_each_xattr(*node.inode, path, [&](const std::string& name, std::string_view value) {
            if (set(name.c_str(), value.data(), value.size()) < 0)
                omitted_.push_back(fmt::format("{} lost its attribute {}", path, name));
        });
    }

    SquashfsReader image_;
    const Progress& progress_;
    bool is_root_;
    UniqueFd root_;
    std::map<std::uint32_t, std::string> links_;  ///< inode number → where it was made first
    std::uint64_t done_ = 0;
    std::vector<std::string> omitted_;
};

}  // namespace

std::vector<std::string> unpack_squashfs(const fs::path& image, const fs::path& directory,
                                         const Progress& progress) {
    Unpacker unpacker(image, progress);
    make_directories(directory);
    if (!fs::is_empty(directory))
        throw usage_error(fmt::format("{} is not empty", directory.string()), "use a new directory");
    return unpacker.unpack(directory);
}

}  // namespace lktest
