// SPDX-License-Identifier: MIT
#include "builder/tree/ext4_tree.hpp"

#include <ext2fs/ext2fs.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <unordered_map>

#include "builder/base/error.hpp"
#include "builder/base/handle.hpp"
#include "builder/cache.hpp"
#include "builder/tree/exclusion.hpp"
// e2fsprogs 1.47.2 defines this macro, which breaks <algorithm>: hence also the place of these includes.
#undef clamp
extern "C" {
#include <et/com_err.h>  // lacks this itself
}

namespace lktest {
namespace {
namespace fs = std::filesystem;

constexpr std::size_t step = 1 << 20;
constexpr unsigned deepest = 256;            // directories; a path has 4096 bytes
constexpr std::uint64_t most_inflated = 64;  // holes included, in times of the image

/// A file being written with holes where there are only zeros.
class SparseFile {
public:
    explicit SparseFile(const fs::path& path)
        : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
        if (!fd_)
            fail();
    }

    void write(std::span<const char> part, std::uint64_t offset) {
        if (std::ranges::all_of(part, [](char byte) { return byte == 0; }))
            return;
        while (!part.empty()) {
            const ssize_t count = ::pwrite(fd_.get(), part.data(), part.size(), static_cast<off_t>(offset));
            if (count < 0 && errno != EINTR)
                fail();
            const auto written = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
            part = part.subspan(written);
            offset += written;
        }
    }

    void end_at(std::uint64_t size) {
        if (::ftruncate(fd_.get(), static_cast<off_t>(size)) < 0)
            fail();
    }

private:
    [[noreturn]] void fail() const {
        throw system_error(fmt::format("cannot write {}", path_.string()), errno,
                           errno == ENOSPC ? "free some space on that file system" : "");
    }

    fs::path path_;
    UniqueFd fd_;
};

/// libext2fs opens files only.
void copy_out(const Content& bytes, const fs::path& file, const Progress& progress) {
    SparseFile out(file);
    std::vector<char> chunk(step);
    for (std::uint64_t at = 0; at < bytes.size();) {
        const std::span part =
            std::span(chunk).first(std::min<std::uint64_t>(chunk.size(), bytes.size() - at));
        bytes.read(at, std::as_writable_bytes(part));
        out.write(part, at);
        progress("image", at += part.size(), bytes.size());
    }
    out.end_at(bytes.size());
}

/// A regular file, and the position of its bytes in the file in the cache.
struct Placed {
    std::shared_ptr<Inode> inode;
    ext2_ino_t source;
    std::string path;
    std::uint64_t offset, size;
};

/// A file system while it becomes a tree.
class Converter {
public:
    Converter(const fs::path& image, std::string name, const std::vector<std::string>& exclude)
        : name_(std::move(name)), exclusion_(exclude) {
        initialize_ext2_error_table();
        ext2_filsys opened = nullptr;
        // An open journal is ignored: the image's creator should have closed it.
        const errcode_t status =
            ext2fs_open2(image.c_str(), nullptr, EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &opened);
        system_.reset(opened);
        check(status, "its superblock");
        most_ = most_inflated * fs::file_size(image);
    }

    void convert() {
        tree_.put("/", inode_of(EXT2_ROOT_INO, ""));
        directories_.insert(EXT2_ROOT_INO);
        fill(EXT2_ROOT_INO, tree_.root(), "", 0);
    }

    void write(const fs::path& file, const Progress& progress) {
        SparseFile out(file);
        std::vector<char> chunk(step);
        for (const Placed& placed : files_) {
            read(placed.source, placed.path, chunk, [&](std::span<const char> part, std::uint64_t at) {
                out.write(part.first(std::min<std::uint64_t>(part.size(), placed.size - at)),
                          placed.offset + at);
                progress("unpack", placed.offset + at + part.size(), total_);
            });
        }
        out.end_at(total_);
    }

    FileTree with_contents(const fs::path& file) {
        const auto mapped = MappedFile::open(file);
        for (const Placed& placed : files_)
            placed.inode->content =
                Content::mapped(mapped, mapped->bytes().subspan(placed.offset, placed.size));
        return std::move(tree_);
    }

private:
    using System = Handle<struct_ext2_filsys, ext2fs_close>;
    using File = Handle<ext2_file, ext2fs_file_close>;

    void check(errcode_t status, std::string_view what) const {
        if (status == EXT2_ET_NO_MEMORY)
            throw std::bad_alloc();
        if (status != 0)
            throw usage_error(fmt::format("cannot read {} of {}: {}", what, name_, error_message(status)),
                              "check with e2fsck -fn whether it is intact");
    }

    /// Calls `take` with each part of an inode's data and where it begins.
    template <typename Take>
    void read(ext2_ino_t number, const std::string& path, std::span<char> chunk, Take take) {
        ext2_file_t opened = nullptr;
        check(ext2fs_file_open(system_.get(), number, 0, &opened), path);
        const File file(opened);
        for (std::uint64_t at = 0;;) {
            unsigned count = 0;
            check(ext2fs_file_read(file.get(), chunk.data(), static_cast<unsigned>(chunk.size()), &count),
                  path);
            if (count == 0)
                return;
            take(std::span<const char>(chunk.first(count)), at);
            at += count;
        }
    }

    std::string link_target(ext2_ino_t number, ext2_inode& inode, const std::string& path) {
        constexpr std::uint32_t longest = 4096;
        if (inode.i_size > longest)
            check(EXT2_ET_SYMLINK_LOOP, path);
        if (ext2fs_is_fast_symlink(&inode) != 0) {
            const std::string_view inside(reinterpret_cast<const char*>(inode.i_block), sizeof inode.i_block);
            return std::string(inside.substr(0, inode.i_size));
        }
        std::string target;
        std::array<char, longest> chunk{};
        read(number, path, chunk,
             [&](std::span<const char> part, std::uint64_t) { target.append(part.data(), part.size()); });
        return target;
    }

    /// Numbers of eight bits each, or of 12 and 20 (the kernel's new_decode_dev()).
    static dev_t device(const ext2_inode& inode) {
        if (const std::uint32_t old = inode.i_block[0]; old != 0)
            return makedev(old >> 8 & 0xff, old & 0xff);
        const std::uint32_t wide = inode.i_block[1];
        return makedev((wide & 0xfff00) >> 8, (wide & 0xff) | (wide >> 12 & 0xfff00));
    }

    void add_attributes(ext2_ino_t number, Inode& inode, const std::string& path) const {
        ext2_xattr_handle* attributes = nullptr;
        check(ext2fs_xattrs_open(system_.get(), number, &attributes), path);
        const auto close = [](ext2_xattr_handle* handle) { ext2fs_xattrs_close(&handle); };
        const std::unique_ptr<ext2_xattr_handle, decltype(close)> owner(attributes, close);
        check(ext2fs_xattrs_read(attributes), path);
        const auto take = [](char* name, char* value, size_t size, void* into) {
            const std::string_view key(name);
            // SquashFS cannot hold ACLs.
            if (key.starts_with("user.") || key.starts_with("trusted.") || key.starts_with("security."))
                static_cast<Inode*>(into)->xattrs.emplace(key, std::string(value, size));
            return 0;
        };
        check(ext2fs_xattrs_iterate(attributes, take, &inode), path);
    }

    std::shared_ptr<Inode> inode_of(ext2_ino_t number, const std::string& path) {
        ext2_inode source{};
        check(ext2fs_read_inode(system_.get(), number, &source), path.empty() ? "/" : path);
        auto inode = std::make_shared<Inode>();
        inode->type = static_cast<NodeType>(source.i_mode & 0170000);
        inode->permissions = source.i_mode & 07777;
        inode->uid = inode_uid(source);
        inode->gid = inode_gid(source);
        inode->mtime = static_cast<std::int32_t>(source.i_mtime);
        switch (inode->type) {
            case NodeType::symlink: inode->target = link_target(number, source, path); break;
            case NodeType::character_device:
            case NodeType::block_device: inode->device = device(source); break;
            case NodeType::regular: {
                const std::uint64_t size = EXT2_I_SIZE(&source);
                if (size > most_ - std::min(most_, total_))
                    throw usage_error(fmt::format("the files of {} are too large for it: {}", name_, path),
                                      "check with e2fsck -fn whether it is intact");
                files_.push_back({inode, number, path, total_, size});
                total_ += size;
                break;
            }
            case NodeType::directory:
            case NodeType::fifo:
            case NodeType::socket: break;
            default: check(EXT2_ET_BAD_INODE_NUM, path);
        }
        add_attributes(number, *inode, path);
        return inode;
    }

    std::map<std::string, ext2_ino_t> entries_of(ext2_ino_t directory, const std::string& path) const {
        std::map<std::string, ext2_ino_t> entries;
        const auto take = [](ext2_ino_t, int, ext2_dir_entry* entry, int, int, char*, void* into) {
            const std::string name(entry->name, static_cast<std::size_t>(ext2fs_dirent_name_len(entry)));
            if (name != "." && name != "..")
                static_cast<std::map<std::string, ext2_ino_t>*>(into)->emplace(name, entry->inode);
            return 0;
        };
        check(ext2fs_dir_iterate2(system_.get(), directory, 0, nullptr, take, &entries),
              path.empty() ? "/" : path);
        for (const auto& [name, number] : entries)
            if (name.empty() || name.find('/') != std::string::npos || name.find('\0') != std::string::npos)
                check(EXT2_ET_DIR_CORRUPTED, path.empty() ? "/" : path);
        return entries;
    }

    void fill(ext2_ino_t directory, Inode& into, const std::string& prefix, unsigned depth) {
        if (depth > deepest)
            check(EXT2_ET_DIR_CORRUPTED, prefix);
        for (const auto& [name, number] : entries_of(directory, prefix)) {
            const std::string path = prefix + "/" + name;
            if (exclusion_.covers(path) || path == "/lost+found")
                continue;
            const auto known = links_.find(number);
            if (known != links_.end()) {
                into.entries[name] = known->second;
                continue;
            }
            const auto inode = inode_of(number, path);
            into.entries[name] = inode;
            if (inode->type != NodeType::directory) {
                links_.emplace(number, inode);
            } else {
                if (!directories_.insert(number).second)
                    check(EXT2_ET_DIR_CORRUPTED, path);
                fill(number, *inode, path, depth + 1);
            }
        }
    }

    std::string name_;
    Exclusion exclusion_;
    System system_;
    std::uint64_t most_ = 0;  ///< limit on the total bytes of its files
    FileTree tree_;
    std::vector<Placed> files_;
    std::uint64_t total_ = 0;
    std::set<ext2_ino_t> directories_;
    std::unordered_map<ext2_ino_t, std::shared_ptr<Inode>> links_;  ///< everything but directories
};

}  // namespace

bool is_ext4(const Content& bytes) {
    constexpr std::uint64_t magic_at = 1080, least = 2048;  // s_magic in the superblock at 1024
    if (bytes.size() < least)
        return false;
    std::array<char, 2> magic{};
    bytes.read(magic_at, std::as_writable_bytes(std::span(magic)));
    return magic == std::array{'\x53', '\xef'};
}

FileTree ext4_tree(const Ext4Source& source, const std::vector<std::string>& exclude, const fs::path& cache,
                   const Progress& progress) {
    const fs::path image = cached(cache, "image", source.identity,
                                  [&](const fs::path& file) { copy_out(source.bytes, file, progress); });
    Converter converter(image, source.name, exclude);
    converter.convert();
    const fs::path contents = cached(
        cache, "contents", fmt::format("{}ext4 exclude {}\n", source.identity, fmt::join(exclude, "\n")),
        [&](const fs::path& file) { converter.write(file, progress); });
    return converter.with_contents(contents);
}

}  // namespace lktest
