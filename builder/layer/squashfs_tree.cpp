// SPDX-License-Identifier: MIT
#include "builder/layer/squashfs_tree.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>

#include "builder/base/error.hpp"
#include "builder/cache.hpp"
#include "builder/layer/squashfs_reader.hpp"
#include "builder/tree/exclusion.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// A regular file, and the position of its bytes in the file in the cache.
struct Placed {
    std::shared_ptr<Inode> inode;
    const sqfs_inode_generic_t* source;
    std::string path;
    std::uint64_t offset, size;
};

/// An image while it becomes a tree. The files are placed in the order in which the tree is
/// walked, so that a later build knows their positions without reading them.
class Converter {
public:
    Converter(const SquashfsReader& image, const std::vector<std::string>& exclude)
        : image_(image), exclusion_(exclude) {}

    void convert(const sqfs_tree_node_t& root) {
        tree_.put("/", inode_of(root, ""));
        fill(root, tree_.root(), "");
    }

    /// Writes every file's bytes; holes stay holes.
    void write(const fs::path& file, const Progress& progress) const {
        const UniqueFd out(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
        if (!out)
            throw system_error(fmt::format("cannot write {}", file.string()), errno);
        std::vector<char> block(image_.block_size());
        for (const Placed& placed : files_)
            for (std::uint64_t at = 0; at < placed.size;) {
                const std::span<const char> part = image_.read(*placed.source, at, block, placed.path);
                if (std::ranges::any_of(part, [](char byte) { return byte != 0; }))
                    write_at(out.get(), part, placed.offset + at, file);
                at += part.size();
                progress("unpack", placed.offset + at, total_);
            }
        if (::ftruncate(out.get(), static_cast<off_t>(total_)) < 0)
            throw system_error(fmt::format("cannot write {}", file.string()), errno);
    }

    FileTree with_contents(const fs::path& file) {
        const auto mapped = MappedFile::open(file);
        for (const Placed& placed : files_)
            placed.inode->content =
                Content::mapped(mapped, mapped->bytes().subspan(placed.offset, placed.size));
        return std::move(tree_);
    }

private:
    static void write_at(int out, std::span<const char> part, std::uint64_t offset, const fs::path& file) {
        while (!part.empty()) {
            const ssize_t count = ::pwrite(out, part.data(), part.size(), static_cast<off_t>(offset));
            if (count < 0 && errno != EINTR)
                throw system_error(fmt::format("cannot write {}", file.string()), errno,
                                   errno == ENOSPC ? "free some space on that file system" : "");
            const auto written = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
            part = part.subspan(written);
            offset += written;
        }
    }

    std::shared_ptr<Inode> inode_of(const sqfs_tree_node_t& node, const std::string& path) {
        const sqfs_inode_generic_t& source = *node.inode;
        auto inode = std::make_shared<Inode>();
        inode->type = static_cast<NodeType>(source.base.mode & 0170000);
        inode->permissions = source.base.mode & 07777;
        inode->uid = node.uid;
        inode->gid = node.gid;
        inode->mtime = source.base.mod_time;
        inode->device = SquashfsReader::device(source);
        if (inode->type == NodeType::symlink)
            inode->target = SquashfsReader::link_target(source);
        image_.for_each_xattr(source, path, [&](const std::string& name, std::string_view value) {
            inode->xattrs.emplace(name, value);
        });
        if (inode->type == NodeType::regular) {
            const std::uint64_t size = image_.file_size(source, path);
            files_.push_back({inode, &source, path, total_, size});
            total_ += size;
        }
        return inode;
    }

    void fill(const sqfs_tree_node_t& directory, Inode& into, const std::string& prefix) {
        for (const sqfs_tree_node_t* node = directory.children; node; node = node->next) {
            const std::string name = image_.name_of(*node, prefix);
            const std::string path = prefix + "/" + name;
            if (exclusion_.covers(path))
                continue;
            const auto known = links_.find(node->inode->base.inode_number);
            const bool is_directory = (node->inode->base.mode & 0170000) == 0040000;
            const auto inode = known != links_.end() && !is_directory ? known->second : inode_of(*node, path);
            into.entries[name] = inode;
            if (is_directory)
                fill(*node, *inode, path);
            else
                links_.emplace(node->inode->base.inode_number, inode);
        }
    }

    const SquashfsReader& image_;
    Exclusion exclusion_;
    FileTree tree_;
    std::vector<Placed> files_;
    std::uint64_t total_ = 0;
    std::unordered_map<std::uint32_t, std::shared_ptr<Inode>> links_;  ///< by inode number
};

}  // namespace

FileTree squashfs_tree(const SquashfsSource& source, const std::vector<std::string>& exclude,
                       const fs::path& cache, const Progress& progress) {
    const SquashfsReader reader(source.bytes, source.name);
    const SquashfsReader::Tree nodes = reader.tree();
    Converter converter(reader, exclude);
    converter.convert(*nodes);
    const fs::path contents =
        cached(cache, "contents", fmt::format("{}exclude {}\n", source.identity, fmt::join(exclude, "\n")),
               [&](const fs::path& file) { converter.write(file, progress); });
    return converter.with_contents(contents);
}

}  // namespace lktest
