// SPDX-License-Identifier: MIT
#include "builder/tree/tar.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "builder/base/error.hpp"
#include "builder/cache.hpp"
#include "builder/tree/archive.hpp"
#include "builder/tree/exclusion.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// Sparse files of a tar are assembled in memory; larger ones are refused.
constexpr std::int64_t most_sparse = std::int64_t{1} << 32;

std::string text_of(const char* text) {
    return text ? text : "";
}

/// "./usr/bin/" → "/usr/bin"; "./" → "".
std::string absolute(std::string_view name) {
    if (name.starts_with("./"))
        name.remove_prefix(1);
    while (name.ends_with('/'))
        name.remove_suffix(1);
    if (name.empty() || name == ".")
        return "";
    return fmt::format("{}{}", name.starts_with('/') ? "" : "/", name);
}

/// The bytes of the current entry. They are a part of `tar` if libarchive points into it, which it
/// does for everything except sparse files.
Content content_of(archive& reader, archive_entry& entry, const std::shared_ptr<const MappedFile>& tar) {
    const auto size = static_cast<std::size_t>(archive_entry_size(&entry));
    std::string copy;
    for (;;) {
        const void* piece = nullptr;
        std::size_t length = 0;
        la_int64_t offset = 0;
        const int result = archive_read_data_block(&reader, &piece, &length, &offset);
        if (result == ARCHIVE_EOF)
            break;
        if (result < ARCHIVE_WARN)
            throw host_error(reason_of(reader));
        const std::span<const std::byte> whole = tar->bytes();
        const auto* start = static_cast<const std::byte*>(piece);
        if (offset == 0 && length == size && start >= whole.data() &&
            start + length <= whole.data() + whole.size())
            return Content::mapped(tar, {start, length});
        if (archive_entry_size(&entry) > most_sparse)
            throw host_error("a sparse file is larger than 4 GiB");
        const std::size_t end = static_cast<std::size_t>(offset) + length;
        if (end > size)
            throw host_error("an entry is longer than it says");
        copy.resize(std::max(copy.size(), end));
        std::memcpy(copy.data() + offset, piece, length);
    }
    if (archive_entry_size(&entry) > most_sparse)
        throw host_error("a sparse file is larger than 4 GiB");
    copy.resize(size);
    return Content::text(std::move(copy));
}

std::shared_ptr<Inode> inode_of(archive_entry& entry) {
    auto inode = std::make_shared<Inode>();
    inode->type = static_cast<NodeType>(archive_entry_filetype(&entry));
    inode->permissions = archive_entry_perm(&entry);
    inode->uid = static_cast<uid_t>(archive_entry_uid(&entry));
    inode->gid = static_cast<gid_t>(archive_entry_gid(&entry));
    inode->mtime = archive_entry_mtime(&entry);
    if (inode->type == NodeType::symlink)
        inode->target = text_of(archive_entry_symlink(&entry));
    if (inode->type == NodeType::character_device || inode->type == NodeType::block_device)
        inode->device = makedev(static_cast<unsigned>(archive_entry_rdevmajor(&entry)),
                                static_cast<unsigned>(archive_entry_rdevminor(&entry)));
    archive_entry_xattr_reset(&entry);
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (archive_entry_xattr_next(&entry, &name, &value, &size) == ARCHIVE_OK)
        inode->xattrs.emplace(name, std::string(static_cast<const char*>(value), size));
    return inode;
}

}  // namespace

void read_tar(const std::shared_ptr<const MappedFile>& tar,
              const std::function<void(const std::string&, std::shared_ptr<Inode>)>& visit,
              const std::function<std::shared_ptr<Inode>(const std::string&)>& other) {
    const ArchiveReader reader(archive_read_new());
    archive_read_support_format_tar(reader.get());
    // The tar reader for memory returns pointers into the mapping.
    if (archive_read_open_memory(reader.get(), tar->bytes().data(), tar->bytes().size()) != ARCHIVE_OK)
        throw host_error(reason_of(*reader));
    // Hard links name an earlier file, which may have been excluded from the tree.
    std::unordered_map<std::string, std::shared_ptr<Inode>> linkable;
    for (archive_entry* entry = nullptr;;) {
        const int result = archive_read_next_header(reader.get(), &entry);
        if (result == ARCHIVE_EOF)
            return;
        if (result < ARCHIVE_WARN)
            throw host_error(reason_of(*reader));
        // In a C locale libarchive only warns about non-ASCII names, and keeps their bytes.
        if (!archive_entry_pathname(entry))
            throw host_error("an entry has no name");
        const std::string path = absolute(archive_entry_pathname(entry));
        const std::string link = text_of(archive_entry_hardlink(entry));
        std::shared_ptr<Inode> inode;
        if (!link.empty()) {
            const auto first = linkable.find(absolute(link));
            if (first != linkable.end())
                inode = first->second;
            else if (other)
                inode = other(absolute(link));
            if (!inode || inode->type == NodeType::directory)
                throw host_error(fmt::format("hard link {} points to {}, which does not exist", path, link));
        } else {
            inode = inode_of(*entry);
            if (inode->type == NodeType::regular)
                inode->content = content_of(*reader, *entry, tar);
            if (inode->type != NodeType::directory)
                linkable.insert_or_assign(path, inode);
        }
        visit(path, std::move(inode));
    }
}

bool is_tar(const fs::path& file) {
    const ArchiveReader reader(archive_read_new());
    archive_read_support_filter_all(reader.get());
    archive_read_support_format_tar(reader.get());
    archive_entry* entry = nullptr;
    return archive_read_open_filename(reader.get(), file.c_str(), 1 << 16) == ARCHIVE_OK &&
           archive_read_next_header(reader.get(), &entry) >= ARCHIVE_WARN;
}

void decompress(const fs::path& archive, const fs::path& target) {
    const ArchiveReader reader = stream_reader();
    archive_entry* entry = nullptr;
    if (archive_read_open_filename(reader.get(), archive.c_str(), 1 << 20) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) < ARCHIVE_WARN || !copy_data(*reader, target))
        throw usage_error(fmt::format("cannot decompress {}: {}", archive.string(), reason_of(*reader)));
}

FileTree tar_tree(const fs::path& archive, const std::vector<std::string>& exclude, const fs::path& cache) {
    fs::path plain = archive;
    if (!is_tar(archive))
        throw usage_error(fmt::format("{} is not a tar archive", archive.string()));
    if (is_compressed(archive))
        plain = cached(cache, "tar", file_identity(archive),
                       [&](const fs::path& file) { decompress(archive, file); });
    FileTree tree;
    Exclusion exclusion(exclude);
    try {
        read_tar(MappedFile::open(plain), [&](const std::string& path, std::shared_ptr<Inode> inode) {
            if (!exclusion.covers(path))
                tree.put(path.empty() ? "/" : path, std::move(inode));
        });
    } catch (const Error& error) {
        throw usage_error(fmt::format("{} is not a valid tar archive: {}", archive.string(), error.what()));
    }
    return tree;
}

}  // namespace lktest
