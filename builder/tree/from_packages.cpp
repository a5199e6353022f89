// SPDX-License-Identifier: MIT
#include "builder/tree/from_packages.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <mutex>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "builder/base/error.hpp"
#include "builder/base/handle.hpp"
#include "builder/tree/deb.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

using Reader = Handle<archive, archive_read_free>;

std::string text_of(const char* text) {
    return text ? text : "";
}

std::string reason_of(archive& reader) {
    return text_of(archive_error_string(&reader));
}

/// /lib/x is /usr/lib/x, in paths and in patterns alike.
std::string merged(std::string_view path) {
    for (const std::string_view top : {"/bin", "/sbin", "/lib", "/lib64"})
        if (path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/'))
            return fmt::format("/usr{}", path);
    return std::string(path);
}

/// Answers whether a path is left out, by itself or by a directory above it.
class Exclusion {
public:
    explicit Exclusion(const std::vector<std::string>& patterns) {
        for (const std::string& pattern : patterns)
            patterns_.push_back(merged(pattern));
    }

    /// @param path  absolute, merged, without a slash at its end; "" is the root
    bool covers(const std::string& path) {
        if (path.empty() || patterns_.empty())
            return false;
        const auto known = answers_.find(path);
        if (known != answers_.end())
            return known->second;
        const bool covered = covers(path.substr(0, path.rfind('/'))) ||
                             std::any_of(patterns_.begin(), patterns_.end(), [&](const std::string& pattern) {
                                 return ::fnmatch(pattern.c_str(), path.c_str(), 0) == 0;
                             });
        answers_.emplace(path, covered);
        return covered;
    }

private:
    std::vector<std::string> patterns_;
    std::unordered_map<std::string, bool> answers_;
};

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

/// The bytes of the entry just read: a part of `tar` when libarchive points into
/// it, which it does for everything but sparse files.
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
        const std::size_t end = static_cast<std::size_t>(offset) + length;
        if (end > size)
            throw host_error("an entry is longer than it says");
        copy.resize(std::max(copy.size(), end));
        std::memcpy(copy.data() + offset, piece, length);
    }
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

/// dpkg's rule for what a package may replace; see the header.
void put_as_dpkg(FileTree& tree, const std::string& path, std::shared_ptr<Inode> inode) {
    if (inode->type != NodeType::directory) {
        const std::shared_ptr<Inode> present = tree.find(path);
        if (present && present->type == NodeType::directory) {
            if (inode->type == NodeType::symlink)
                return;
            throw host_error(fmt::format("its file {} is a directory of another package", path));
        }
    }
    tree.put(path, std::move(inode));
}

void add_tar(FileTree& tree, const std::shared_ptr<const MappedFile>& tar, Exclusion& exclusion) {
    const Reader reader(archive_read_new());
    archive_read_support_format_tar(reader.get());
    // Opened as memory, the tar reader hands back pointers into our mapping.
    if (archive_read_open_memory(reader.get(), tar->bytes().data(), tar->bytes().size()) != ARCHIVE_OK)
        throw host_error(reason_of(*reader));
    // Hard links name a file that came before; it may have been left out of the tree.
    std::unordered_map<std::string, std::shared_ptr<Inode>> regular;
    for (archive_entry* entry = nullptr;;) {
        const int result = archive_read_next_header(reader.get(), &entry);
        if (result == ARCHIVE_EOF)
            return;
        if (result < ARCHIVE_WARN)
            throw host_error(reason_of(*reader));
        // Bytes as they are: under a C locale libarchive warns of others than ASCII, no more.
        if (!archive_entry_pathname(entry))
            throw host_error("an entry has no name");
        const std::string path = absolute(archive_entry_pathname(entry));
        const std::string link = text_of(archive_entry_hardlink(entry));
        std::shared_ptr<Inode> inode;
        if (!link.empty()) {
            const auto first = regular.find(absolute(link));
            if (first == regular.end())
                throw host_error(fmt::format("the hard link {} leads to {}, which is not there", path, link));
            inode = first->second;
        } else {
            inode = inode_of(*entry);
            if (inode->type == NodeType::regular) {
                inode->content = content_of(*reader, *entry, tar);
                regular.emplace(path, inode);
            }
        }
        if (!exclusion.covers(merged(path)))
            put_as_dpkg(tree, path, std::move(inode));
    }
}

void add(FileTree& tree, const Package& package, const fs::path& cache, Exclusion& exclusion) {
    const std::shared_ptr<const MappedFile> tar = MappedFile::open(data_tar(package.deb, cache));
    try {
        add_tar(tree, tar, exclusion);
    } catch (const Error& error) {
        throw damaged_deb(package.deb, error.what());
    }
}

/// Unpacks what the cache lacks, on all cores: xz is slow.
void unpack_all(const std::vector<Package>& packages, const fs::path& cache, const Progress& progress) {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::size_t done = 0;
    std::exception_ptr failure;
    {
        std::vector<std::jthread> threads;
        for (unsigned n = 0; n < std::max(1U, std::thread::hardware_concurrency()); ++n)
            threads.emplace_back([&] {
                for (std::size_t index; (index = next++) < packages.size();) {
                    try {
                        data_tar(packages[index].deb, cache);
                        const std::scoped_lock lock(mutex);
                        if (progress)
                            progress("unpack", ++done, packages.size());
                    } catch (...) {
                        const std::scoped_lock lock(mutex);
                        failure = std::current_exception();
                        next = packages.size();
                    }
                }
            });
    }
    if (failure)
        std::rethrow_exception(failure);
}

}  // namespace

void add_package(FileTree& tree, const Package& package, const fs::path& cache,
                 const std::vector<std::string>& exclude) {
    Exclusion exclusion(exclude);
    add(tree, package, cache, exclusion);
}

FileTree packages_tree(const std::vector<Package>& packages, const fs::path& cache,
                       const std::vector<std::string>& exclude, const Progress& progress) {
    unpack_all(packages, cache, progress);
    FileTree tree;
    std::vector<std::string> merged_directories{"bin", "lib", "sbin"};
    if (std::any_of(packages.begin(), packages.end(),
                    [](const Package& package) { return package.architecture == "amd64"; }))
        merged_directories.emplace_back("lib64");
    for (const std::string& directory : merged_directories) {
        tree.put_directory("/usr/" + directory);
        tree.put_symlink("/" + directory, "usr/" + directory);
    }
    Exclusion exclusion(exclude);
    for (const Package& package : packages)
        add(tree, package, cache, exclusion);
    return tree;
}

}  // namespace lktest
