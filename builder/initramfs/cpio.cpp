// SPDX-License-Identifier: MIT
#include "builder/initramfs/cpio.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <array>
#include <map>

#include "builder/base/error.hpp"
#include "builder/base/handle.hpp"

namespace lktest {
namespace {

using Archive = Handle<archive, archive_write_free>;
using Entry = Handle<archive_entry, archive_entry_free>;

void check(archive* writer, int status) {
    if (status < ARCHIVE_WARN)
        throw host_error(fmt::format("cannot write the initramfs: {}", archive_error_string(writer)));
}

la_ssize_t append(archive*, void* bytes, const void* chunk, size_t size) {
    static_cast<std::string*>(bytes)->append(static_cast<const char*>(chunk), size);
    return static_cast<la_ssize_t>(size);
}

void write_content(archive* writer, const Content& content) {
    std::array<std::byte, 65536> chunk;
    for (std::uint64_t offset = 0; offset < content.size();) {
        const std::size_t size = std::min<std::uint64_t>(chunk.size(), content.size() - offset);
        content.read(offset, std::span(chunk).first(size));
        if (archive_write_data(writer, chunk.data(), size) < 0)
            check(writer, ARCHIVE_FATAL);
        offset += size;
    }
}

}  // namespace

std::string write_cpio(const FileTree& tree, std::int64_t mtime, Packing packing) {
    std::string bytes;
    const Archive writer(archive_write_new());
    check(writer.get(), archive_write_set_format_cpio_newc(writer.get()));
    if (packing == Packing::zstd) {
        check(writer.get(), archive_write_add_filter_zstd(writer.get()));
        // Level 19 would save an eighth but take forty times as long.
        check(writer.get(), archive_write_set_options(writer.get(), "zstd:compression-level=9"));
    }
    check(writer.get(), archive_write_set_bytes_per_block(writer.get(), 512));
    check(writer.get(),
          archive_write_set_bytes_in_last_block(writer.get(), 1));  // no zeros after zstd's frame
    check(writer.get(), archive_write_open(writer.get(), &bytes, nullptr, append, nullptr));

    // Hard links become copies: in an initramfs they do not save enough to matter.
    std::int64_t number = 0;
    tree.walk([&](const std::string& path, const Inode& inode) {
        const Entry entry(archive_entry_new());
        archive_entry_set_pathname(entry.get(), path.substr(1).c_str());
        archive_entry_set_mode(entry.get(), static_cast<mode_t>(inode.type) | inode.permissions);
        archive_entry_set_ino64(entry.get(), ++number);
        archive_entry_set_nlink(entry.get(), 1);
        archive_entry_set_uid(entry.get(), inode.uid);
        archive_entry_set_gid(entry.get(), inode.gid);
        archive_entry_set_mtime(entry.get(), mtime, 0);
        archive_entry_set_dev(entry.get(), 0);
        if (inode.type == NodeType::symlink)
            archive_entry_set_symlink(entry.get(), inode.target.c_str());
        if (inode.type == NodeType::character_device || inode.type == NodeType::block_device)
            archive_entry_set_rdev(entry.get(), inode.device);
        const bool regular = inode.type == NodeType::regular;
        archive_entry_set_size(entry.get(), regular ? static_cast<la_int64_t>(inode.content.size()) : 0);
        check(writer.get(), archive_write_header(writer.get(), entry.get()));
        if (regular)
            write_content(writer.get(), inode.content);
    });
    check(writer.get(), archive_write_close(writer.get()));
    return bytes;
}

}  // namespace lktest
