// SPDX-License-Identifier: MIT
#include "builder/layer/squashfs_reader.hpp"

#include <fmt/format.h>
#include <sqfs/error.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <set>
#include <vector>

#include "builder/base/error.hpp"

namespace lktest {
namespace {

void free_memory(void* memory) {
    sqfs_free(memory);
}
template <typename T>
using Memory = Handle<T, free_memory>;

/// Presents a window onto a file to libsquashfs as a file, so that an image inside an ISO is read in place.
struct ViewedFile {
    sqfs_file_t file;  ///< first, because libsquashfs sees only this
    ByteView view;
};

void destroy_viewed(sqfs_object_t* object) {
    delete reinterpret_cast<ViewedFile*>(object);
}

int read_viewed(sqfs_file_t* file, sqfs_u64 offset, void* buffer, std::size_t size) {
    const ByteView& view = reinterpret_cast<const ViewedFile*>(file)->view;
    try {
        const std::span into(static_cast<char*>(buffer), size);
        return view.read(offset, into) == size ? 0 : static_cast<int>(SQFS_ERROR_OUT_OF_BOUNDS);
    } catch (const Error&) {  // no exception may cross the library
        return SQFS_ERROR_IO;
    }
}

int write_viewed(sqfs_file_t* /*file*/, sqfs_u64 /*offset*/, const void* /*buffer*/, std::size_t /*size*/) {
    return SQFS_ERROR_IO;
}

sqfs_u64 size_of_viewed(const sqfs_file_t* file) {
    return reinterpret_cast<const ViewedFile*>(file)->view.size();
}

int truncate_viewed(sqfs_file_t* /*file*/, sqfs_u64 /*size*/) {
    return SQFS_ERROR_IO;
}

sqfs_file_t* viewed(const ByteView& view) {
    auto* file = new ViewedFile{{}, view};
    file->file.base.destroy = destroy_viewed;
    file->file.read_at = read_viewed;
    file->file.write_at = write_viewed;
    file->file.get_size = size_of_viewed;
    file->file.truncate = truncate_viewed;
    return &file->file;
}

/// Device numbers as SquashFS has them: Linux' new_encode_dev().
dev_t device_number(std::uint32_t encoded) {
    return makedev((encoded >> 8) & 0xfff, (encoded & 0xff) | ((encoded >> 12) & 0xfff00));
}

}  // namespace

SquashfsReader::SquashfsReader(const ByteView& image, std::string name)
    : name_(std::move(name)), file_(viewed(image)) {
    check(sqfs_super_read(&super_, file_.get()), "its superblock");
    // libsquashfs allocates memory for as many as the image declares. Each needs at least one byte of the
    // image.
    if (super_.fragment_entry_count > image.size())
        check(SQFS_ERROR_CORRUPTED, fmt::format("its {} fragments", super_.fragment_entry_count));
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

/// libsquashfs makes a node for every entry and goes down by recursion. So a few directories that are entries
/// of each other, or one file's long list of blocks under many names, would fill memory or the stack. So
/// every directory must have exactly one parent, and everything is counted before it is read.
void SquashfsReader::check_size(sqfs_dir_reader_t& reader) const {
    constexpr std::size_t most_nodes = 2'000'000, deepest = 1024;
    constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;
    using Inode = Memory<sqfs_inode_generic_t>;
    struct Directory {
        Inode inode;
        std::size_t depth;
    };
    sqfs_inode_generic_t* root = nullptr;
    check(sqfs_dir_reader_get_root_inode(&reader, &root), "its root");
    std::vector<Directory> left;
    left.push_back({Inode(root), 0});
    std::set<std::uint32_t> seen{root->base.inode_number};
    std::size_t nodes = 0;
    std::uint64_t bytes = 0;
    while (!left.empty()) {
        const Directory directory = std::move(left.back());
        left.pop_back();
        check(sqfs_dir_reader_open_dir(&reader, directory.inode.get(), 0), "a directory");
        for (;;) {
            sqfs_dir_entry_t* entry = nullptr;
            const int status = sqfs_dir_reader_read(&reader, &entry);
            const Memory<sqfs_dir_entry_t> entry_owner(entry);
            if (status > 0)
                break;
            check(status, "a directory");
            sqfs_inode_generic_t* found = nullptr;
            check(sqfs_dir_reader_get_inode(&reader, &found), "an inode");
            Inode inode(found);
            bytes += sizeof *found + found->payload_bytes_used;
            if (++nodes > most_nodes || bytes > most_bytes)
                throw usage_error(fmt::format("{} has too many files: {}", name_, nodes),
                                  "exclude directories from it, or split it");
            if (!S_ISDIR(found->base.mode))
                continue;
            if (directory.depth >= deepest || !seen.insert(found->base.inode_number).second)
                check(SQFS_ERROR_CORRUPTED, "a directory that has two parents, or is nested too deep");
            left.push_back({std::move(inode), directory.depth + 1});
        }
    }
}

SquashfsReader::Tree SquashfsReader::tree() const {
    const Sqfs<sqfs_dir_reader_t> reader(sqfs_dir_reader_create(&super_, expander_.get(), file_.get(), 0));
    check_size(*reader);
    sqfs_tree_node_t* root = nullptr;
    check(sqfs_dir_reader_get_full_hierarchy(reader.get(), ids_.get(), nullptr, 0, &root), "its directories");
    return Tree(root);
}

std::span<char> SquashfsReader::read(const sqfs_inode_generic_t& inode, std::uint64_t offset,
                                     std::span<char> into, const std::string& path) const {
    const std::uint64_t size = file_size(inode, path);
    const std::uint64_t left = size - std::min(offset, size);
    const auto wanted = static_cast<sqfs_u32>(std::min<std::uint64_t>(into.size(), left));
    if (wanted == 0)
        return {};
    const sqfs_s32 count = sqfs_data_reader_read(data_.get(), &inode, offset, into.data(), wanted);
    if (count <= 0)
        check(count < 0 ? count : static_cast<int>(SQFS_ERROR_CORRUPTED), path);
    return into.first(static_cast<std::size_t>(count));
}

void SquashfsReader::for_each_xattr(
    const sqfs_inode_generic_t& inode, const std::string& path,
    const std::function<void(const std::string&, std::string_view)>& visit) const {
    sqfs_u32 index = 0;
    check(sqfs_inode_get_xattr_index(&inode, &index), path);
    constexpr sqfs_u32 none = 0xFFFFFFFF;
    if (index == none)
        return;
    sqfs_xattr_id_t description;
    check(sqfs_xattr_reader_get_desc(xattrs_.get(), index, &description), path);
    // An image without attributes may have this index too; there libsquashfs 1.2.0 would dereference a null
    // pointer.
    if (description.count == 0)
        return;
    check(sqfs_xattr_reader_seek_kv(xattrs_.get(), &description), path);
    for (sqfs_u32 left = description.count; left > 0; --left) {
        sqfs_xattr_entry_t* key = nullptr;
        check(sqfs_xattr_reader_read_key(xattrs_.get(), &key), path);
        const Memory<sqfs_xattr_entry_t> key_owner(key);
        sqfs_xattr_value_t* value = nullptr;
        check(sqfs_xattr_reader_read_value(xattrs_.get(), key, &value), path);
        const Memory<sqfs_xattr_value_t> value_owner(value);
        visit(reinterpret_cast<const char*>(key->key),
              {reinterpret_cast<const char*>(value->value), value->size});
    }
}

std::uint64_t SquashfsReader::file_size(const sqfs_inode_generic_t& inode, const std::string& path) const {
    sqfs_u64 size = 0;
    check(sqfs_inode_get_file_size(&inode, &size), path);
    return size;
}

std::string SquashfsReader::link_target(const sqfs_inode_generic_t& inode) {
    const std::size_t size = inode.base.type == SQFS_INODE_EXT_SLINK ? inode.data.slink_ext.target_size
                                                                     : inode.data.slink.target_size;
    return {reinterpret_cast<const char*>(inode.extra), size};
}

dev_t SquashfsReader::device(const sqfs_inode_generic_t& inode) {
    const mode_t type = inode.base.mode & S_IFMT;
    if (type != S_IFCHR && type != S_IFBLK)
        return 0;
    const bool extended = inode.base.type == SQFS_INODE_EXT_BDEV || inode.base.type == SQFS_INODE_EXT_CDEV;
    return device_number(extended ? inode.data.dev_ext.devno : inode.data.dev.devno);
}

std::string SquashfsReader::name_of(const sqfs_tree_node_t& node, const std::string& directory) const {
    std::string name(reinterpret_cast<const char*>(node.name));
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
        throw usage_error(fmt::format("{} has a file with the name \"{}\" in {}/", name_, name, directory),
                          "the image tries to write outside of its directory: do not trust it");
    return name;
}

void SquashfsReader::check(int status, std::string_view part) const {
    if (status == 0)
        return;
    if (status == SQFS_ERROR_UNSUPPORTED)
        throw usage_error(fmt::format("{}: {} cannot be read by libsquashfs", name_, part),
                          "make it again with zstd, xz, lz4 or gzip");
    throw usage_error(fmt::format("{} is damaged or not a SquashFS image: {}", name_, part));
}

}  // namespace lktest
