// SPDX-License-Identifier: MIT
#include "builder/tree/from_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "builder/base/error.hpp"
#include "builder/base/hash.hpp"
#include "builder/tree/exclusion.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

std::system_error failure(int error_number) {
    return {error_number, std::generic_category()};
}

/// Calls a function of listxattr's kind with a buffer that is large enough.
template <typename Call>
std::string fill(Call call) {
    for (;;) {
        const ssize_t size = call(nullptr, 0);
        std::string buffer(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
        const ssize_t filled = size > 0 ? call(buffer.data(), buffer.size()) : size;
        if (filled < 0 && errno == ERANGE)  // it grew in between
            continue;
        if (filled < 0 && errno != ENOTSUP && errno != ENODATA)
            throw failure(errno);
        buffer.resize(filled > 0 ? static_cast<std::size_t>(filled) : 0);
        return buffer;
    }
}

std::map<std::string, std::string> xattrs_of(const fs::path& path) {
    std::map<std::string, std::string> xattrs;
    const std::string names =
        fill([&](char* buffer, std::size_t size) { return ::llistxattr(path.c_str(), buffer, size); });
    for (std::size_t start = 0; start < names.size();) {
        const std::string name = names.c_str() + start;
        start += name.size() + 1;
        if (!name.starts_with("system."))
            xattrs[name] = fill([&](char* buffer, std::size_t size) {
                return ::lgetxattr(path.c_str(), name.c_str(), buffer, size);
            });
    }
    return xattrs;
}

/// Opens a file to check that it can be read later.
void check_readable(const fs::path& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!fd)
        throw failure(errno);
}

/// One directory while it is read.
class Walk {
public:
    Walk(const fs::path& directory, const DirectoryOptions& options)
        : directory_(directory), options_(options), exclusion_(options.exclude) {}

    DirectoryTree read() {
        // With a slash at its end, a symlink to a directory is that directory.
        if (auto root = read_inode(directory_ / "", "", 0))
            found_.tree.put("/", std::move(root));
        return std::move(found_);
    }

private:
    bool is_left_out(const fs::path& file, const std::string& path) {
        return exclusion_.covers(path) || std::ranges::find(options_.except, file) != options_.except.end();
    }

    /// Null if it has disappeared or cannot be read; `found_` has the reason.
    std::shared_ptr<Inode> try_inode(const fs::path& file, const std::string& path, dev_t device) {
        try {
            return read_inode(file, path, device);
        } catch (const std::system_error& error) {
            const int number = error.code().value();
            if (options_.live && (number == ENOENT || number == ESTALE))
                found_.vanished.push_back(path);
            else
                found_.unreadable.push_back(
                    fmt::format("{}: {}", path, std::generic_category().message(number)));
            return nullptr;
        }
    }

    std::shared_ptr<Inode> read_inode(const fs::path& file, const std::string& path, dev_t device) {
        struct stat status {};
        if (::lstat(file.c_str(), &status) < 0)
            throw failure(errno);
        const bool shared = !S_ISDIR(status.st_mode) && status.st_nlink > 1;
        if (shared)
            if (const auto known = links_.find({status.st_dev, status.st_ino}); known != links_.end())
                return known->second;

        auto inode = std::make_shared<Inode>();
        inode->type = static_cast<NodeType>(status.st_mode & S_IFMT);
        inode->permissions = status.st_mode & 07777;
        inode->uid = status.st_uid;
        inode->gid = status.st_gid;
        inode->mtime = status.st_mtim.tv_sec;
        inode->xattrs = xattrs_of(file);
        switch (inode->type) {
            case NodeType::directory: read_entries(file, path, device, status, *inode); break;
            case NodeType::regular: {
                check_readable(file);
                const auto size = static_cast<std::uint64_t>(status.st_size);
                inode->content = options_.live ? Content::live_file(file, size) : Content::file(file, size);
                break;
            }
            case NodeType::symlink: inode->target = fs::read_symlink(file); break;
            case NodeType::character_device:
            case NodeType::block_device: inode->device = status.st_rdev; break;
            case NodeType::fifo:
            case NodeType::socket: break;
        }
        note(path, status);
        if (shared)
            links_.emplace(std::pair(status.st_dev, status.st_ino), inode);
        return inode;
    }

    void read_entries(const fs::path& file, const std::string& path, dev_t device, const struct stat& status,
                      Inode& inode) {
        if (options_.one_file_system && device != 0 && status.st_dev != device)
            return;
        for (fs::directory_iterator entry(file), end; entry != end; entry.increment(error_)) {
            const std::string name = entry->path().filename();
            const std::string below = path + "/" + name;
            if (is_left_out(entry->path(), below) || (path.empty() && !is_chosen(name)))
                continue;
            const bool own_file_system = path.empty() && options_.only;
            if (auto child = try_inode(entry->path(), below, own_file_system ? 0 : status.st_dev))
                inode.entries[name] = std::move(child);
        }
        if (error_)
            throw failure(std::exchange(error_, {}).value());
    }

    bool is_chosen(const std::string& name) const {
        return !options_.only || std::ranges::find(*options_.only, name) != options_.only->end();
    }

    /// The change time shows new contents, modes, owners and attributes.
    void note(const std::string& path, const struct stat& status) {
        found_.newest = std::max<std::int64_t>(found_.newest, status.st_mtim.tv_sec);
        found_.fingerprint ^= hash(fmt::format("{} {} {} {}.{} {}.{}", path, status.st_ino, status.st_size,
                                               status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                                               status.st_ctim.tv_sec, status.st_ctim.tv_nsec));
    }

    const fs::path& directory_;
    const DirectoryOptions& options_;
    Exclusion exclusion_;
    /// Inodes with more than one link, by where they are on the host.
    std::map<std::pair<dev_t, ino_t>, std::shared_ptr<Inode>> links_;
    std::error_code error_;
    DirectoryTree found_;
};

}  // namespace

DirectoryTree read_directory(const fs::path& directory, const DirectoryOptions& options) {
    std::error_code ignored;
    if (!fs::is_directory(directory, ignored))
        throw usage_error(fmt::format("{} is not a directory", directory.string()));
    try {
        return Walk(directory, options).read();
    } catch (const std::system_error& error) {
        throw system_error(fmt::format("cannot read {}", directory.string()), error.code().value());
    }
}

FileTree directory_tree(const fs::path& directory) {
    DirectoryTree found = read_directory(directory, {});
    if (!found.unreadable.empty())
        throw host_error(fmt::format("cannot read {}{}", directory.string(), found.unreadable.front()),
                         ::geteuid() == 0 ? "" : "run as root");
    return std::move(found.tree);
}

}  // namespace lktest
