// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "builder/base/file.hpp"

namespace lktest {

/// Symlinks followed in one path before it is called a loop; Linux' own limit (path_resolution(7)).
inline constexpr int most_links = 40;

/// The names of a path; empty ones and "." are skipped.
std::vector<std::string> names_of(std::string_view path);

/// The bytes of a regular file: in memory, a part of an archive, or a file on disk.
class Content {
public:
    Content() = default;
    static Content text(std::string bytes);
    static Content mapped(std::shared_ptr<const MappedFile> file, std::span<const std::byte> part);
    /// @param size  its size when it was listed; a file that is shorter when read is an Error
    static Content file(const std::filesystem::path& path, std::uint64_t size);
    /// A file of a system that is running. One that vanishes or becomes shorter is no
    /// Error: read_some() gives what there still is.
    static Content live_file(const std::filesystem::path& path, std::uint64_t size);

    std::uint64_t size() const;
    /// Copies the bytes from `offset` on, and fills all of `into`.
    void read(std::uint64_t offset, std::span<std::byte> into) const;
    /// The same; fills less than all only from a live file that became shorter. The bytes filled.
    std::size_t read_some(std::uint64_t offset, std::span<std::byte> into) const;
    std::string whole() const;
    /// Whether it is a file on disk that became longer since it was listed.
    bool is_longer_now() const;

private:
    struct Mapped {
        std::shared_ptr<const MappedFile> file;
        std::span<const std::byte> part;
    };
    struct OnDisk {
        std::string path;  ///< a std::filesystem::path would hold each of its parts once more
        std::uint64_t size;
        bool live;
    };
    std::variant<std::string, Mapped, OnDisk> source_;
};

/// The type of a node; the values are those of st_mode's file type.
enum class NodeType : mode_t {
    directory = 0040000,
    regular = 0100000,
    symlink = 0120000,
    character_device = 0020000,
    block_device = 0060000,
    fifo = 0010000,
    socket = 0140000,
};

/// The contents of an inode. Hard links are directory entries that share one Inode.
struct Inode {
    NodeType type = NodeType::regular;
    mode_t permissions = 0644;  ///< the low 12 bits of st_mode
    uid_t uid = 0;
    gid_t gid = 0;
    std::int64_t mtime = 0;                                 ///< seconds since 1970
    dev_t device = 0;                                       ///< of device nodes
    std::string target;                                     ///< of a symlink
    Content content;                                        ///< of a regular file
    std::map<std::string, std::string> xattrs;              ///< "security.capability" → value
    std::map<std::string, std::shared_ptr<Inode>> entries;  ///< of a directory, in byte order
};

/// A root filesystem as a value.
class FileTree {
public:
    FileTree();

    Inode& root() { return *root_; }
    const Inode& root() const { return *root_; }

    /// Puts an inode at a path ("/usr/bin/env"). Missing parents are made (0755, root).
    /// A parent that is a symlink to a directory is followed, as a package's files
    /// under /bin must land in /usr/bin; always inside this tree, ".." stops at the root.
    /// A directory put on a directory keeps the entries of both, its own where they meet;
    /// one put on a symlink to a directory changes nothing (dpkg's rule, which keeps
    /// /bin → usr/bin); anything else replaces what was there.
    /// Throws a usage Error when a parent is a file or a loop of symlinks.
    void put(std::string_view path, std::shared_ptr<Inode> inode);

    void put_directory(std::string_view path, mode_t permissions = 0755);
    void put_file(std::string_view path, std::string bytes, mode_t permissions = 0644);
    void put_symlink(std::string_view path, std::string target);

    /// Puts an inode at a path of a tree that will be laid over `below`: at the place_of() the
    /// path there, in directories with the owners, modes and attributes that those have,
    /// because an upper layer's directories cover the lower layers' symlinks and attributes.
    void put_over(const FileTree& below, std::string_view path, std::shared_ptr<Inode> inode);

    /// The inode at a path, symlinked parents followed (the last name is not); null when absent.
    std::shared_ptr<Inode> find(std::string_view path) const;

    /// Where a path leads to, as an absolute path without any symlink in it: "/bin/sh" may
    /// be "/usr/bin/dash". Unset if it leads nowhere.
    std::optional<std::string> real_path(std::string_view path) const;

    /// The same for a path whose end may not exist yet: missing names stay as they are. A symlink
    /// that points to nothing leads to the place where its target would be.
    std::string place_of(std::string_view path) const;

    /// Removes a path and all below it; false when there was none.
    bool remove(std::string_view path);

    /// Calls visit(path, inode) for each entry, a directory before its content, in byte order.
    template <typename Visit>
    void walk(Visit&& visit) const {
        walk_below(*root_, "", visit);
    }

    /// Entries without the root.
    std::size_t count() const;

private:
    template <typename Visit>
    static void walk_below(const Inode& directory, const std::string& prefix, Visit& visit) {
        for (const auto& [entry, inode] : directory.entries) {
            std::string path = prefix;
            path.append("/").append(entry);
            visit(path, *inode);
            if (inode->type == NodeType::directory)
                walk_below(*inode, path, visit);
        }
    }

    std::shared_ptr<Inode> root_;
};

}  // namespace lktest
