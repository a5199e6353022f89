// SPDX-License-Identifier: MIT
#pragma once

#include <sqfs/compressor.h>
#include <sqfs/data_reader.h>
#include <sqfs/dir_reader.h>
#include <sqfs/id_table.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/super.h>
#include <sqfs/xattr.h>
#include <sqfs/xattr_reader.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "builder/base/handle.hpp"
#include "builder/inspect/byte_view.hpp"
#include "builder/layer/squashfs_handle.hpp"

namespace lktest {

/// Any SquashFS 4.0 image, read by libsquashfs. Throws a usage Error if it is damaged, or is not a SquashFS.
class SquashfsReader {
public:
    using Tree = Handle<sqfs_tree_node_t, sqfs_dir_tree_destroy>;

    /// @param name  of the image, for messages
    SquashfsReader(const ByteView& image, std::string name);

    /// All of its content: at most 2,000,000 nodes, nested at most 1024 deep.
    Tree tree() const;

    /// Reads a file's bytes from `offset` on into `into`, up to the file's end.
    /// @param path  of the file, for messages
    std::span<char> read(const sqfs_inode_generic_t& inode, std::uint64_t offset, std::span<char> into,
                         const std::string& path) const;
    /// Calls visit(name, value) for each extended attribute.
    void for_each_xattr(const sqfs_inode_generic_t& inode, const std::string& path,
                        const std::function<void(const std::string&, std::string_view)>& visit) const;

    std::uint64_t file_size(const sqfs_inode_generic_t& inode, const std::string& path) const;
    static std::string link_target(const sqfs_inode_generic_t& inode);
    static dev_t device(const sqfs_inode_generic_t& inode);

    /// The entry's name. Throws if it could lead out of its directory.
    std::string name_of(const sqfs_tree_node_t& node, const std::string& directory) const;

    std::uint32_t block_size() const { return super_.block_size; }

private:
    void check_size(sqfs_dir_reader_t& reader) const;
    void check(int status, std::string_view part) const;

    std::string name_;
    sqfs_super_t super_{};
    Sqfs<sqfs_file_t> file_;
    Sqfs<sqfs_compressor_t> expander_;
    Sqfs<sqfs_id_table_t> ids_;
    Sqfs<sqfs_data_reader_t> data_;
    Sqfs<sqfs_xattr_reader_t> xattrs_;
};

}  // namespace lktest
