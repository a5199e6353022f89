// SPDX-License-Identifier: MIT
#include "builder/tree/file_tree.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <deque>

#include "builder/base/error.hpp"
#include "builder/base/handle.hpp"

namespace lktest {
namespace {

/// Directories in one path, as many as Linux' longest path has: trees are walked by recursion.
constexpr std::size_t most_levels = 2048;

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

bool is_directory(const std::shared_ptr<Inode>& inode) {
    return inode->type == NodeType::directory;
}

std::shared_ptr<Inode> new_directory(mode_t permissions = 0755) {
    auto inode = std::make_shared<Inode>();
    inode->type = NodeType::directory;
    inode->permissions = permissions;
    return inode;
}

/// A path without its last name, walked: the directory, or null and why there is none.
struct Parent {
    std::shared_ptr<Inode> directory;
    std::string problem;
    std::string path = {};  ///< of the directory, without symlinks; "" is the root
};

/// Walks `names` from the root. Symlinks are followed inside the tree, and ".."
/// stops at the root: no path leads out of it.
/// @param make  a name that is missing becomes a directory
Parent descend(const std::shared_ptr<Inode>& root, const std::vector<std::string>& names, bool make) {
    std::vector<std::shared_ptr<Inode>> trail{root};
    std::vector<std::string> path;
    std::deque<std::string> ahead(names.begin(), names.end());
    for (int links = 0; !ahead.empty();) {
        const std::string name = std::move(ahead.front());
        ahead.pop_front();
        if (name == "..") {
            if (trail.size() > 1) {
                trail.pop_back();
                path.pop_back();
            }
            continue;
        }
        if (trail.size() > most_levels)
            return {nullptr, "it is nested too deep"};
        auto& entries = trail.back()->entries;
        auto entry = entries.find(name);
        if (entry == entries.end()) {
            if (!make)
                return {nullptr, name + " does not exist"};
            entry = entries.emplace(name, new_directory()).first;
        }
        const std::shared_ptr<Inode>& inode = entry->second;
        if (is_directory(inode)) {
            trail.push_back(inode);
            path.push_back(name);
        } else if (inode->type == NodeType::symlink) {
            if (++links > most_links)
                return {nullptr, name + " leads into a loop of symlinks"};
            const std::vector<std::string> target = names_of(inode->target);
            ahead.insert(ahead.begin(), target.begin(), target.end());
            if (inode->target.starts_with('/')) {
                trail.resize(1);
                path.clear();
            }
        } else {
            return {nullptr, name + " is not a directory"};
        }
    }
    Parent found{trail.back(), ""};
    for (const std::string& name : path)
        found.path.append("/").append(name);
    return found;
}

/// The same of a file that has to be opened. One that is gone is empty when it may be gone.
std::size_t read_at(const std::filesystem::path& path, std::uint64_t offset, std::span<std::byte> into,
                    bool may_be_gone) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd && errno == ENOENT && may_be_gone)
        return 0;
    if (!fd)
        throw system_error(fmt::format("cannot read {}", path.string()), errno);
    return lktest::read_at(fd.get(), offset, into, path);
}

}  // namespace

std::vector<std::string> names_of(std::string_view path) {
    std::vector<std::string> names;
    while (!path.empty()) {
        const std::string_view name = path.substr(0, path.find('/'));
        if (!name.empty() && name != ".")
            names.emplace_back(name);
        path.remove_prefix(std::min(name.size() + 1, path.size()));
    }
    return names;
}

Content Content::text(std::string bytes) {
    Content content;
    content.source_ = std::move(bytes);
    return content;
}

Content Content::mapped(std::shared_ptr<const MappedFile> file, std::span<const std::byte> part) {
    Content content;
    content.source_ = Mapped{std::move(file), part};
    return content;
}

Content Content::file(const std::filesystem::path& path, std::uint64_t size) {
    Content content;
    content.source_ = OnDisk{path.native(), size, false};
    return content;
}

Content Content::live_file(const std::filesystem::path& path, std::uint64_t size) {
    Content content;
    content.source_ = OnDisk{path.native(), size, true};
    return content;
}

std::uint64_t Content::size() const {
    return std::visit(Overloaded{[](const std::string& text) -> std::uint64_t { return text.size(); },
                                 [](const Mapped& mapped) -> std::uint64_t { return mapped.part.size(); },
                                 [](const OnDisk& disk) { return disk.size; }},
                      source_);
}

void Content::read(std::uint64_t offset, std::span<std::byte> into) const {
    if (read_some(offset, into) < into.size())
        throw became_shorter(std::get<OnDisk>(source_).path);
}

std::size_t Content::read_some(std::uint64_t offset, std::span<std::byte> into) const {
    assert(offset + into.size() <= size());
    if (const auto* disk = std::get_if<OnDisk>(&source_)) {
        const std::size_t filled = read_at(disk->path, offset, into, disk->live);
        if (filled < into.size() && !disk->live)
            throw became_shorter(disk->path);
        return filled;
    }
    if (const auto* mapped = std::get_if<Mapped>(&source_)) {
        const std::byte* start = mapped->file->bytes().data();
        mapped->file->read(static_cast<std::uint64_t>(mapped->part.data() - start) + offset, into);
    } else if (!into.empty()) {
        std::memcpy(into.data(), std::get<std::string>(source_).data() + offset, into.size());
    }
    return into.size();
}

std::string Content::whole() const {
    std::string bytes(size(), '\0');
    read(0, std::as_writable_bytes(std::span(bytes)));
    return bytes;
}

bool Content::is_longer_now() const {
    const auto* disk = std::get_if<OnDisk>(&source_);
    std::error_code gone;
    const std::uintmax_t size = disk ? std::filesystem::file_size(disk->path, gone) : 0;
    return disk && !gone && size > disk->size;
}

FileTree::FileTree() : root_(new_directory()) {}

void FileTree::put(std::string_view path, std::shared_ptr<Inode> inode) {
    std::vector<std::string> names = names_of(path);
    if (names.empty() && is_directory(inode)) {
        inode->entries.merge(root_->entries);
        root_ = std::move(inode);
        return;
    }
    if (names.empty() || names.back() == "..")
        throw usage_error(fmt::format("cannot put a file at '{}': it names a directory", path));
    const std::string name = std::move(names.back());
    names.pop_back();
    const Parent parent = descend(root_, names, true);
    if (!parent.directory)
        throw usage_error(fmt::format("cannot put a file at '{}': {}", path, parent.problem));

    std::shared_ptr<Inode>& place = parent.directory->entries[name];
    if (place && is_directory(inode)) {
        if (is_directory(place)) {
            inode->entries.merge(place->entries);
        } else if (place->type == NodeType::symlink) {
            names.push_back(name);
            if (descend(root_, names, false).directory)
                return;
        }
    }
    place = std::move(inode);
}

void FileTree::put_over(const FileTree& below, std::string_view path, std::shared_ptr<Inode> inode) {
    const auto bare = [](const Inode& directory) {
        auto copy = std::make_shared<Inode>(directory);
        copy->entries.clear();
        return copy;
    };
    if (root_->entries.empty())
        root_ = bare(*below.root_);
    std::vector<std::string> names = names_of(path);
    if (names.empty())
        throw usage_error(fmt::format("cannot put a file at '{}': it names a directory", path));
    const std::string name = std::move(names.back());
    names.pop_back();
    std::string place;
    for (const std::string& parent : names) {
        place = below.place_of(place + "/" + parent);
        // A symlink may have led past directories that this tree does not have yet.
        for (std::size_t end = place.find('/', 1);; end = place.find('/', end + 1)) {
            const std::string directory = place.substr(0, end);
            const auto lower = below.find(directory);
            if (lower && is_directory(lower) && !find(directory))
                put(directory, bare(*lower));
            if (end == std::string::npos)
                break;
        }
        if (place == "/")
            place.clear();
    }
    const std::string target = place + "/" + name;
    const auto real = below.real_path(target);
    if (is_directory(inode) && real && *real != target && is_directory(below.find(*real)))
        return;
    put(target, std::move(inode));
}

void FileTree::put_directory(std::string_view path, mode_t permissions) {
    put(path, new_directory(permissions));
}

void FileTree::put_file(std::string_view path, std::string bytes, mode_t permissions) {
    auto inode = std::make_shared<Inode>();
    inode->permissions = permissions;
    inode->content = Content::text(std::move(bytes));
    put(path, std::move(inode));
}

void FileTree::put_symlink(std::string_view path, std::string target) {
    auto inode = std::make_shared<Inode>();
    inode->type = NodeType::symlink;
    inode->permissions = 0777;
    inode->target = std::move(target);
    put(path, std::move(inode));
}

std::shared_ptr<Inode> FileTree::find(std::string_view path) const {
    std::vector<std::string> names = names_of(path);
    if (names.empty() || names.back() == "..")
        return descend(root_, names, false).directory;
    const std::string name = std::move(names.back());
    names.pop_back();
    const Parent parent = descend(root_, names, false);
    if (!parent.directory)
        return nullptr;
    const auto entry = parent.directory->entries.find(name);
    return entry == parent.directory->entries.end() ? nullptr : entry->second;
}

std::optional<std::string> FileTree::real_path(std::string_view path) const {
    std::vector<std::string> names = names_of(path);
    for (int links = 0; links <= most_links; ++links) {
        if (names.empty() || names.back() == "..") {
            const Parent whole = descend(root_, names, false);
            return whole.directory ? std::optional(whole.path.empty() ? "/" : whole.path) : std::nullopt;
        }
        const std::string name = std::move(names.back());
        names.pop_back();
        const Parent parent = descend(root_, names, false);
        if (!parent.directory || !parent.directory->entries.contains(name))
            return std::nullopt;
        const Inode& inode = *parent.directory->entries.at(name);
        if (inode.type != NodeType::symlink)
            return parent.path + "/" + name;
        names = names_of(inode.target.starts_with('/') ? inode.target : parent.path + "/" + inode.target);
    }
    return std::nullopt;
}

std::string FileTree::place_of(std::string_view path) const {
    std::vector<std::shared_ptr<Inode>> trail{root_};  // null below what does not exist
    std::vector<std::string> place;
    const std::vector<std::string> names = names_of(path);
    std::deque<std::string> ahead(names.begin(), names.end());
    for (int links = 0; !ahead.empty();) {
        const std::string name = std::move(ahead.front());
        ahead.pop_front();
        if (name == "..") {
            if (trail.size() > 1) {
                trail.pop_back();
                place.pop_back();
            }
            continue;
        }
        const auto& directory = trail.back();
        const auto entry = directory ? directory->entries.find(name) : root_->entries.end();
        const bool there = directory && entry != directory->entries.end();
        if (there && entry->second->type == NodeType::symlink && ++links <= most_links) {
            const std::vector<std::string> target = names_of(entry->second->target);
            ahead.insert(ahead.begin(), target.begin(), target.end());
            if (entry->second->target.starts_with('/')) {
                trail.resize(1);
                place.clear();
            }
            continue;
        }
        trail.push_back(there && is_directory(entry->second) ? entry->second : nullptr);
        place.push_back(name);
    }
    std::string text;
    for (const std::string& name : place)
        text.append("/").append(name);
    return text.empty() ? "/" : text;
}

bool FileTree::remove(std::string_view path) {
    std::vector<std::string> names = names_of(path);
    if (names.empty() || names.back() == "..")
        return false;
    const std::string name = std::move(names.back());
    names.pop_back();
    const Parent parent = descend(root_, names, false);
    return parent.directory && parent.directory->entries.erase(name) > 0;
}

std::size_t FileTree::count() const {
    std::size_t entries = 0;
    walk([&](const std::string&, const Inode&) { ++entries; });
    return entries;
}

}  // namespace lktest
