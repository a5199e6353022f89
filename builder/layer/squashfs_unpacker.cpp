// SPDX-License-Identifier: MIT
#include "builder/layer/squashfs_unpacker.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqfs/compressor.h>
#include <sqfs/data_reader.h>
#include <sqfs/dir_reader.h>
#include <sqfs/error.h>
#include <sqfs/id_table.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/super.h>
#include <sqfs/xattr.h>
#include <sqfs/xattr_reader.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/handle.hpp"
#include "builder/layer/squashfs_handle.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

using Tree = Handle<sqfs_tree_node_t, sqfs_dir_tree_destroy>;

void free_memory(void* memory) {
    sqfs_free(memory);
}
template <typename T>
using Memory = Handle<T, free_memory>;

/// Device numbers as SquashFS has them: Linux' new_encode_dev().
dev_t device_number(std::uint32_t encoded) {
    return makedev((encoded >> 8) & 0xfff, (encoded & 0xff) | ((encoded >> 12) & 0xfff00));
}

/// One image while it is unpacked. Files are named relative to their directory's descriptor,
/// and every name is made new, so that no symlink of the image is ever followed.
class Unpacker {
public:
    Unpacker(const fs::path& image, const Progress& progress)
        : image_(image), progress_(progress), is_root_(::geteuid() == 0) {
        file_ = Sqfs<sqfs_file_t>(sqfs_open_file(image.c_str(), SQFS_FILE_OPEN_READ_ONLY));
        if (!file_)
            throw usage_error(fmt::format("cannot read {}", image.string()));
        check(sqfs_super_read(&super_, file_.get()), "its superblock");
        sqfs_compressor_config_t config;
        sqfs_compressor_t* expander = nullptr;
        check(sqfs_compressor_config_init(&config, static_cast<SQFS_COMPRESSOR>(super_.compression_id),
                                          super_.block_size, SQFS_COMP_FLAG_UNCOMPRESS),
              "its compressor");
        check(sqfs_compressor_create(&config, &expander), "its compressor");
        expander_.reset(expander);
        ids_.reset(sqfs_id_table_create(0));
        check(sqfs_id_table_read(ids_.get(), file_.get(), &super_, expander_.get()), "its owners");
        data_.reset(sqfs_data_reader_create(file_.get(), super_.block_size, expander_.get(), 0));
        check(sqfs_data_reader_load_fragment_table(data_.get(), &super_), "its fragments");
        xattrs_.reset(sqfs_xattr_reader_create(0));
        check(sqfs_xattr_reader_load(xattrs_.get(), &super_, file_.get(), expander_.get()), "its attributes");
    }

    std::vector<std::string> unpack(const fs::path& directory) {
        const Sqfs<sqfs_dir_reader_t> reader(
            sqfs_dir_reader_create(&super_, expander_.get(), file_.get(), 0));
        sqfs_tree_node_t* root = nullptr;
        check(sqfs_dir_reader_get_full_hierarchy(reader.get(), ids_.get(), nullptr, 0, &root),
              "its directories");
        const Tree tree(root);
        root_.reset(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!root_)
            throw system_error(fmt::format("cannot open {}", directory.string()), errno);
        fill_directory(*root, root_.get(), "");
        finish(*root, root_.get(), "/");
        return std::move(omitted_);
    }

private:
    void check(int status, std::string_view part) const {
        if (status == 0)
            return;
        if (status == SQFS_ERROR_UNSUPPORTED)
            throw usage_error(fmt::format("{}: {} cannot be read by libsquashfs", image_.string(), part),
                              "pack it again with zstd, xz, lz4 or gzip");
        throw usage_error(fmt::format("{} is no SquashFS image or damaged: {}", image_.string(), part));
    }

    [[noreturn]] void fail(const std::string& path) const {
        throw system_error(fmt::format("cannot unpack {}", path), errno);
    }

    void fill_directory(const sqfs_tree_node_t& directory, int at, const std::string& prefix) {
        for (const sqfs_tree_node_t* node = directory.children; node; node = node->next) {
            const std::string name(reinterpret_cast<const char*>(node->name));
            if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
                throw usage_error(
                    fmt::format("{} has a file with the name \"{}\" in {}/", image_.string(), name, prefix),
                    "it was made to write elsewhere: do not trust it");
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
            const std::string target(reinterpret_cast<const char*>(inode.extra), target_size(inode));
            if (::symlinkat(target.c_str(), at, name.c_str()) < 0)
                fail(path);
            finish_by_name(node, at, name, path);
        } else {
            const bool device = type == S_IFCHR || type == S_IFBLK;
            const dev_t number = device ? device_number(device_of(inode)) : 0;
            if (::mknodat(at, name.c_str(), type | 0600, number) == 0) {
                finish_by_name(node, at, name, path);
            } else if (errno == EPERM) {
                links_.erase(first);
                omitted_.push_back(fmt::format("{} is a device, which only root can make", path));
            } else {
                fail(path);
            }
        }
    }

    static std::size_t target_size(const sqfs_inode_generic_t& inode) {
        return inode.base.type == SQFS_INODE_EXT_SLINK ? inode.data.slink_ext.target_size
                                                       : inode.data.slink.target_size;
    }

    static std::uint32_t device_of(const sqfs_inode_generic_t& inode) {
        const bool extended =
            inode.base.type == SQFS_INODE_EXT_BDEV || inode.base.type == SQFS_INODE_EXT_CDEV;
        return extended ? inode.data.dev_ext.devno : inode.data.dev.devno;
    }

    void copy(const sqfs_inode_generic_t& inode, int out, const std::string& path) {
        sqfs_u64 size = 0;
        check(sqfs_inode_get_file_size(&inode, &size), path);
        std::vector<char> block(super_.block_size);
        for (sqfs_u64 offset = 0; offset < size;) {
            const auto wanted = static_cast<sqfs_u32>(std::min<sqfs_u64>(block.size(), size - offset));
            const sqfs_s32 count = sqfs_data_reader_read(data_.get(), &inode, offset, block.data(), wanted);
            if (count <= 0)
                check(count < 0 ? count : static_cast<int>(SQFS_ERROR_CORRUPTED), path);
            const std::span<const char> part(block.data(), static_cast<std::size_t>(count));
            if (std::ranges::any_of(part, [](char byte) { return byte != 0; }))
                write_at(out, part, offset, path);
            offset += part.size();
            progress_("unpack", done_ += part.size(), super_.bytes_used);
        }
        if (::ftruncate(out, static_cast<off_t>(size)) < 0)
            fail(path);
    }

    void write_at(int out, std::span<const char> part, sqfs_u64 offset, const std::string& path) {
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

    /// For what cannot be opened: symlinks, devices, pipes.
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
        sqfs_u32 index = 0;
        check(sqfs_inode_get_xattr_index(node.inode, &index), path);
        constexpr sqfs_u32 none = 0xFFFFFFFF;
        if (index == none)
            return;
        sqfs_xattr_id_t description;
        check(sqfs_xattr_reader_get_desc(xattrs_.get(), index, &description), path);
        check(sqfs_xattr_reader_seek_kv(xattrs_.get(), &description), path);
        for (sqfs_u32 left = description.count; left > 0; --left) {
            sqfs_xattr_entry_t* key = nullptr;
            check(sqfs_xattr_reader_read_key(xattrs_.get(), &key), path);
            const Memory<sqfs_xattr_entry_t> key_owner(key);
            sqfs_xattr_value_t* value = nullptr;
            check(sqfs_xattr_reader_read_value(xattrs_.get(), key, &value), path);
            const Memory<sqfs_xattr_value_t> value_owner(value);
            const auto* name = reinterpret_cast<const char*>(key->key);
            if (set(name, value->value, value->size) < 0)
                omitted_.push_back(fmt::format("{} lost its attribute {}", path, name));
        }
    }

    fs::path image_;
    const Progress& progress_;
    bool is_root_;
    sqfs_super_t super_{};
    Sqfs<sqfs_file_t> file_;
    Sqfs<sqfs_compressor_t> expander_;
    Sqfs<sqfs_id_table_t> ids_;
    Sqfs<sqfs_data_reader_t> data_;
    Sqfs<sqfs_xattr_reader_t> xattrs_;
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
        throw usage_error(fmt::format("{} is not empty", directory.string()), "give a new directory");
    return unpacker.unpack(directory);
}

}  // namespace lktest
