// SPDX-License-Identifier: MIT
#include "builder/layer/squashfs_writer.hpp"

#include <fmt/format.h>
#include <sqfs/block.h>
#include <sqfs/block_processor.h>
#include <sqfs/block_writer.h>
#include <sqfs/dir_writer.h>
#include <sqfs/error.h>
#include <sqfs/frag_table.h>
#include <sqfs/id_table.h>
#include <sqfs/io.h>
#include <sqfs/meta_writer.h>
#include <sqfs/super.h>
#include <sqfs/xattr_writer.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <map>
#include <utility>

#include "builder/base/error.hpp"
#include "builder/layer/squashfs_compressor.hpp"
#include "builder/layer/squashfs_handle.hpp"
#include "builder/layer/squashfs_nodes.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// The text for libsquashfs' SQFS_ERROR.
std::string_view text_of(int error) {
    switch (error) {
        case SQFS_ERROR_ALLOC: return "out of memory";
        case SQFS_ERROR_IO: return "input/output error";
        case SQFS_ERROR_COMPRESSOR: return "the compressor failed";
        case SQFS_ERROR_UNSUPPORTED: return "not supported by libsquashfs";
        case SQFS_ERROR_OVERFLOW: return "more than SquashFS can hold";
        default: return "internal error of libsquashfs";
    }
}

/// One image while it is written.
class Writer {
public:
    Writer(const FileTree& tree, const fs::path& file, const fs::path& final_name,
           const Compression& compression, std::int64_t epoch, unsigned workers, BlockCache* cache)
        : tree_(tree),
          final_name_(final_name),
          epoch_(std::clamp<std::int64_t>(epoch, 0, std::numeric_limits<std::uint32_t>::max())),
          backlog_(10 * workers),
          nodes_(tree.root()),
          compressor_(make_compressor(compression, 0, cache)),
          expander_(make_compressor(compression, SQFS_COMP_FLAG_UNCOMPRESS)) {
        errno = 0;
        file_ = own(sqfs_open_file(file.c_str(), SQFS_FILE_OPEN_OVERWRITE), SQFS_ERROR_IO);
        check(sqfs_super_init(&super_, compression.block_size, static_cast<std::uint32_t>(epoch_),
                              checked_id(compression)));
        check(sqfs_super_write(&super_, file_.get()));
        if (const int size = compressor_->write_options(compressor_.get(), file_.get()); check(size) > 0)
            super_.flags |= SQFS_FLAG_COMPRESSOR_OPTIONS;
        blocks_ = own(sqfs_block_writer_create(file_.get(), SQFS_DEVBLK_SIZE, 0));
        fragments_ = own(sqfs_frag_table_create(0));
        ids_ = own(sqfs_id_table_create(0));
        xattrs_ = own(sqfs_xattr_writer_create(0));
        inode_table_ = own(sqfs_meta_writer_create(file_.get(), compressor_.get(), 0));
        // The listings come after the inodes in the file, and are made together with them.
        directory_table_ =
            own(sqfs_meta_writer_create(file_.get(), compressor_.get(), SQFS_META_WRITER_KEEP_IN_MEMORY));
        directory_ = own(sqfs_dir_writer_create(directory_table_.get(), SQFS_DIR_WRITER_CREATE_EXPORT_TABLE));
        const sqfs_block_processor_desc_t plan{.size = sizeof plan,
                                               .max_block_size = compression.block_size,
                                               .num_workers = workers,
                                               .max_backlog = backlog_,
                                               .cmp = compressor_.get(),
                                               .wr = blocks_.get(),
                                               .tbl = fragments_.get(),
                                               .file = file_.get(),
                                               .uncmp = expander_.get()};
        sqfs_block_processor_t* processor = nullptr;
        check(sqfs_block_processor_create_ex(&plan, &processor));
        processor_.reset(processor);
    }

    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    ~Writer() {
        // After an error libsquashfs forgets the blocks in flight, so they are collected one by one. Each may
        // report another error.
        for (unsigned block = 0; processor_ && block < backlog_; ++block)
            if (sqfs_block_processor_sync(processor_.get()) == 0)
                return;
    }

    std::vector<std::string> write(const Progress& progress) {
        write_contents(progress);
        collect_xattrs("/", tree_.root());
        tree_.walk([&](const std::string& path, const Inode& inode) { collect_xattrs(path, inode); });

        super_.inode_table_start = file_->get_size(file_.get());
        SquashfsNode& root = nodes_.of(tree_.root());
        write_directory(root, static_cast<std::uint32_t>(nodes_.all().size() + 1));
        check(sqfs_meta_writer_flush(inode_table_.get()));
        check(sqfs_meta_writer_flush(directory_table_.get()));
        super_.root_inode_ref = root.reference;
        super_.inode_count = static_cast<std::uint32_t>(nodes_.all().size());
        super_.directory_table_start = file_->get_size(file_.get());
        check(sqfs_meta_write_write_to_file(directory_table_.get()));
        check(sqfs_frag_table_write(fragments_.get(), file_.get(), &super_, compressor_.get()));
        check(sqfs_dir_writer_write_export_table(directory_.get(), file_.get(), compressor_.get(),
                                                 root.number, root.reference, &super_));
        check(sqfs_id_table_write(ids_.get(), file_.get(), &super_, compressor_.get()));
        check(sqfs_xattr_writer_flush(xattrs_.get(), file_.get(), &super_, compressor_.get()));
        super_.bytes_used = file_->get_size(file_.get());
        check(sqfs_super_write(&super_, file_.get()));
        // Padded to whole blocks, because the kernel may mount the image from a block device.
        if (const std::uint64_t rest = super_.bytes_used % SQFS_DEVBLK_SIZE; rest != 0)
            check(file_->truncate(file_.get(), super_.bytes_used + SQFS_DEVBLK_SIZE - rest));
        return std::move(warnings_);
    }

private:
    /// Throws for an error of libsquashfs, which keeps errno when the system refused.
    int check(int result) const {
        if (result >= 0)
            return result;
        if (result == SQFS_ERROR_IO && errno != 0)
            throw system_error(fmt::format("cannot write {}", final_name_.string()), errno,
                               errno == ENOSPC ? "free some space on that file system" : "");
        throw host_error(fmt::format("cannot write {}: {}", final_name_.string(), text_of(result)));
    }

    template <typename T>
    Sqfs<T> own(T* object, int error = SQFS_ERROR_ALLOC) const {
        if (!object)
            check(error);
        return Sqfs<T>(object);
    }

    void write_contents(const Progress& progress) {
        std::uint64_t done = 0, total = 0;
        for (const SquashfsNode& node : nodes_.all())
            total += node.inode.content.size();
        // In directory order: small files share blocks, and neighbours are similar.
        tree_.walk([&](const std::string&, const Inode& inode) {
            SquashfsNode& node = nodes_.of(inode);
            if (inode.type != NodeType::regular || node.record)
                return;
            check(sqfs_block_processor_begin_file(processor_.get(), &node.record, nullptr,
                                                  flags_of(inode.content.size())));
            if (!append(inode.content, [&](std::uint64_t size) {
                    if (progress)
                        progress("squashfs", done + size, total);
                }))
                changed_.emplace(&inode, "became shorter, or vanished,");
            else if (inode.content.is_longer_now())
                changed_.emplace(&inode, "became longer");
            check(sqfs_block_processor_end_file(processor_.get()));
            done += inode.content.size();
        });
        check(sqfs_block_processor_finish(processor_.get()));
    }

    /// Only a short end of a large file shares a block with other files. A short one would compress badly
    /// alone, but a longer one compresses better alone than among unrelated data.
    std::uint32_t flags_of(std::uint64_t size) const {
        const bool ends_alone = size > super_.block_size && size % super_.block_size >= super_.block_size / 8;
        return ends_alone ? static_cast<std::uint32_t>(SQFS_BLK_DONT_FRAGMENT) : 0U;
    }

    /// False if a live file's content ended too early; the part that was read is in the image.
    /// @param told  is called with the bytes done of this file
    template <typename Told>
    bool append(const Content& content, const Told& told) {
        // libsquashfs 1.2.0 dereferences a null pointer if nothing is appended; this loop avoids that.
        constexpr std::uint64_t chunk = 1 << 20;
        buffer_.resize(chunk);
        for (std::uint64_t offset = 0; offset < content.size(); offset += chunk) {
            const std::size_t size = std::min(chunk, content.size() - offset);
            const std::size_t got = content.read_some(offset, std::span(buffer_).first(size));
            if (got > 0)
                check(sqfs_block_processor_append(processor_.get(), buffer_.data(), got));
            if (got < size)
                return false;
            told(offset + size);
        }
        return true;
    }

    void collect_xattrs(const std::string& path, const Inode& inode) {
        if (const auto changed = changed_.find(&inode); changed != changed_.end())
            warnings_.push_back(fmt::format("{}: {} while it was packed", path, changed->second));
        SquashfsNode& node = nodes_.of(inode);
        if (inode.xattrs.empty() || node.xattrs != no_xattrs)
            return;
        check(sqfs_xattr_writer_begin(xattrs_.get(), 0));
        for (const auto& [key, value] : inode.xattrs) {
            // The only prefixes that SquashFS can name; POSIX ACLs are system.* ones.
            if (key.starts_with("user.") || key.starts_with("trusted.") || key.starts_with("security."))
                check(sqfs_xattr_writer_add(xattrs_.get(), key.c_str(), value.data(), value.size()));
            else
                warnings_.push_back(fmt::format("{}: SquashFS cannot hold the attribute {}", path, key));
        }
        check(sqfs_xattr_writer_end(xattrs_.get(), &node.xattrs));
    }

    /// Writes the inodes below a directory, its listing and itself. A listing records where
    /// its inodes are, so each is written at its first encounter, hard links included.
    void write_directory(SquashfsNode& node, std::uint32_t parent_number) {
        for (const auto& [name, inode] : node.inode.entries) {
            SquashfsNode& entry = nodes_.of(*inode);
            if (inode->type == NodeType::directory)
                write_directory(entry, node.number);
        }
        for (const auto& [name, inode] : node.inode.entries) {
            SquashfsNode& entry = nodes_.of(*inode);
            if (!entry.written) {
                check(complete_record(entry));
                write_inode(entry);
            }
        }
        check(sqfs_dir_writer_begin(directory_.get(), 0));
        for (const auto& [name, inode] : node.inode.entries) {
            constexpr std::size_t longest_name = 256;  // SQUASHFS_NAME_LEN of the kernel
            if (name.size() > longest_name)
                throw usage_error(fmt::format("the file name {} is too long for SquashFS", name));
            const SquashfsNode& entry = nodes_.of(*inode);
            check(sqfs_dir_writer_add_entry(directory_.get(), name.c_str(), entry.number, entry.reference,
                                            squashfs_mode(*inode)));
        }
        check(sqfs_dir_writer_end(directory_.get()));
        node.record = sqfs_dir_writer_create_inode(directory_.get(), 0, node.xattrs, parent_number);
        if (!node.record)
            check(SQFS_ERROR_ALLOC);
        // libsquashfs counts every entry as a link.
        (node.record->base.type == SQFS_INODE_DIR ? node.record->data.dir.nlink
                                                  : node.record->data.dir_ext.nlink) = node.links;
        write_inode(node);
    }

    void write_inode(SquashfsNode& node) {
        auto& base = node.record->base;
        base.mode = squashfs_mode(node.inode);
        base.mod_time = static_cast<std::uint32_t>(std::clamp<std::int64_t>(node.inode.mtime, 0, epoch_));
        base.inode_number = node.number;
        check(sqfs_id_table_id_to_index(ids_.get(), node.inode.uid, &base.uid_idx));
        check(sqfs_id_table_id_to_index(ids_.get(), node.inode.gid, &base.gid_idx));
        std::uint64_t block = 0;
        std::uint32_t offset = 0;
        sqfs_meta_writer_get_position(inode_table_.get(), &block, &offset);
        node.reference = (block << 16) | offset;
        check(sqfs_meta_writer_write_inode(inode_table_.get(), node.record));
        node.written = true;
        // the following listings need the memory
        sqfs_free(std::exchange(node.record, nullptr));
    }

    const FileTree& tree_;
    const fs::path& final_name_;
    std::int64_t epoch_;
    unsigned backlog_;  ///< blocks in flight
    std::vector<std::string> warnings_;
    std::map<const Inode*, std::string_view> changed_;  ///< files that changed meanwhile, and how
    std::vector<std::byte> buffer_;
    sqfs_super_t super_{};
    // libsquashfs' objects point to the ones above, so they are destroyed from the last to the first.
    SquashfsNodes nodes_;
    Sqfs<sqfs_compressor_t> compressor_, expander_;
    Sqfs<sqfs_file_t> file_;
    Sqfs<sqfs_block_writer_t> blocks_;
    Sqfs<sqfs_frag_table_t> fragments_;
    Sqfs<sqfs_id_table_t> ids_;
    Sqfs<sqfs_xattr_writer_t> xattrs_;
    Sqfs<sqfs_meta_writer_t> inode_table_, directory_table_;
    Sqfs<sqfs_dir_writer_t> directory_;
    Sqfs<sqfs_block_processor_t> processor_;
};

}  // namespace

std::vector<std::string> write_squashfs(const FileTree& tree, const fs::path& file,
                                        const Compression& compression, std::int64_t source_date_epoch,
                                        unsigned workers, const Progress& progress, BlockCache* cache) {
    AtomicFile part(file);
    std::vector<std::string> warnings =
        Writer(tree, part.temporary(), file, compression, source_date_epoch, std::max(1U, workers), cache)
            .write(progress);
    part.commit();
    if (cache)
        cache->commit();
    return warnings;
}

}  // namespace lktest
