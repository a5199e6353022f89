// SPDX-License-Identifier: MIT
#include "builder/inspect/iso_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>

#include "builder/inspect/iso_sector.hpp"
#include "builder/inspect/limits.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t descriptors = 16 * iso_sector;
constexpr std::size_t node_limit = 300'000, depth_limit = 64, descriptor_limit = 32;
constexpr std::uint64_t directory_limit = 32 << 20, all_directories_limit = 256 << 20;
constexpr std::size_t iso_names_limit = 64 << 20;  // bytes of all paths and link targets

std::string trimmed(std::string_view field) {
    return std::string(field.substr(0, field.find_last_not_of(std::string_view(" \0", 2)) + 1));
}

/// "2026112316340300" and an offset from GMT in quarters of an hour (ECMA-119, 8.4.26.1).
std::string date(std::string_view field) {
    if (field.size() < 16 || field.starts_with("0000") ||
        field.substr(0, 16).find_first_not_of("0123456789") != std::string_view::npos)
        return {};
    return fmt::format("{}-{}-{} {}:{}:{}", field.substr(0, 4), field.substr(4, 2), field.substr(6, 2),
                       field.substr(8, 2), field.substr(10, 2), field.substr(12, 2));
}

/// The same with hundredths of a second, as used in a UUID.
std::string uuid(std::string_view field) {
    const std::string text = date(field);
    return text.empty() ? text
                        : fmt::format("{}-{}-{}-{}-{}-{}-{}", field.substr(0, 4), field.substr(4, 2),
                                      field.substr(6, 2), field.substr(8, 2), field.substr(10, 2),
                                      field.substr(12, 2), field.substr(14, 2));
}

/// The System Use fields of one directory record (SUSP 1.12, RRIP 1.12).
struct RockRidge {
    std::string name, target;
    bool too_long = false;
    std::uint64_t continued = 0;  ///< bytes outside the directory
    std::uint32_t child = 0;      ///< block of the relocated directory
    bool relocated = false;       ///< a directory that is shown elsewhere
};

void add_link_parts(std::string& target, std::string_view parts, bool& joined) {
    while (parts.size() >= 2) {
        const std::uint8_t flags = u8(parts, 0);
        const std::size_t size = std::min<std::size_t>(u8(parts, 1), parts.size() - 2);
        const std::string_view text = flags & 2 ? "." : flags & 4 ? ".." : parts.substr(2, size);
        if (flags & 8) {
            target = "/";
        } else {
            if (!joined && !target.empty() && !target.ends_with('/'))
                target += '/';
            target += text;
        }
        joined = flags & 1;
        parts.remove_prefix(2 + size);
    }
}

bool cut_at(std::string& text, std::size_t limit) {
    const bool is_longer = text.size() > limit;
    text.resize(std::min(text.size(), limit));
    return is_longer;
}

RockRidge read_rock_ridge(const ByteView& iso, std::string_view area) {
    constexpr int continuation_limit = 16;
    RockRidge found;
    std::string continued;
    bool joined = false;
    for (int areas = 0; areas < continuation_limit; ++areas) {
        std::uint64_t next = 0;
        std::size_t next_size = 0;
        while (area.size() >= 4) {
            const std::string_view kind = area.substr(0, 2);
            const std::size_t size = u8(area, 2);
            if (size < 4 || size > area.size() || kind == "ST")
                break;
            const std::string_view field = area.substr(0, size);
            if (kind == "NM" && size > 5)
                found.name += field.substr(5);
            else if (kind == "SL" && size > 5)
                add_link_parts(found.target, field.substr(5), joined);
            else if (kind == "CL")
                found.child = le32(field, 4);
            else if (kind == "RE")
                found.relocated = true;
            else if (kind == "CE") {
                next = std::uint64_t{le32(field, 4)} * iso_sector + le32(field, 12);
                next_size = std::min<std::size_t>(le32(field, 20), 4 * iso_sector);
            }
            area.remove_prefix(size);
        }
        found.too_long |= cut_at(found.name, longest_file_name) || cut_at(found.target, longest_path);
        if (next == 0 || next_size == 0 || found.too_long)
            break;
        continued = iso.read(next, next_size);
        found.continued += continued.size();
        area = continued;
    }
    return found;
}

struct Directory {
    std::string path;
    std::uint64_t offset, size;
    std::size_t depth;
};

std::string plain_name(std::string_view name) {
    name = name.substr(0, name.find(';'));
    if (name.ends_with('.'))
        name.remove_suffix(1);
    return lower_case(name);
}

std::string joliet_name(std::string_view name) {
    std::u16string wide;
    for (std::size_t at = 0; at + 1 < name.size(); at += 2)
        wide.push_back(static_cast<char16_t>(u8(name, at) << 8 | u8(name, at + 1)));
    const std::string text = utf8_of_utf16(wide);
    return text.substr(0, text.find(';'));
}

class Walk {
public:
    Walk(const ByteView& iso, bool plain) : iso_(iso), plain_(plain) {}

    IsoTree take() {
        const std::string root = choose_root();
        todo_.push_back({"", block_offset(root, 2), le32(root, 10), 0});
        while (!todo_.empty()) {
            const Directory directory = todo_.front();
            todo_.pop_front();
            read_directory(directory);
        }
        return std::move(tree_);
    }

private:
    static std::uint64_t block_offset(std::string_view record, std::size_t at) {
        return std::uint64_t{le32(record, at)} * iso_sector;
    }

    /// The record of the root directory with the best names.
    std::string choose_root() {
        std::string primary, joliet;
        for (std::size_t i = 0; i < descriptor_limit; ++i) {
            const std::string bytes = iso_.read(descriptors + i * iso_sector, iso_sector);
            if (bytes.size() < iso_sector || !has_text(bytes, 1, "CD001") || u8(bytes, 0) == 255)
                break;
            if (u8(bytes, 0) == 1 && primary.empty())
                primary = bytes.substr(156, 34);
            // UCS-2 levels 1 to 3 (Joliet specification, "Escape Sequences").
            const std::string escape = bytes.substr(88, 3);
            if (u8(bytes, 0) == 2 && (escape == "%/@" || escape == "%/C" || escape == "%/E"))
                joliet = bytes.substr(156, 34);
        }
        if (plain_)
            return primary;
        const std::string self = iso_.read(block_offset(primary, 2), 256);
        // The root's "." begins with SUSP's indicator: "SP", 7, 1, 0xBE, 0xEF, bytes to skip.
        const std::string_view use = std::string_view(self).substr(std::min<std::size_t>(34, self.size()));
        if (use.starts_with("SP\7\1\xbe\xef")) {
            tree_.names = IsoTree::Names::rock_ridge;
            skip_ = u8(use, 6);
        } else if (!joliet.empty()) {
            tree_.names = IsoTree::Names::joliet;
        }
        return tree_.names == IsoTree::Names::joliet ? joliet : primary;
    }

    void read_directory(const Directory& directory) {
        const bool known = !seen_.insert(directory.offset).second;
        const bool fits = directory.depth <= depth_limit && directory.size <= directory_limit;
        if (!known && fits)
            total_ += directory.size;
        if (known || !fits || total_ > all_directories_limit) {
            tree_.damaged = true;
            return;
        }
        const std::string bytes = iso_.read(directory.offset, directory.size);
        if (bytes.size() < directory.size)
            tree_.damaged = true;
        IsoNode* continued = nullptr;  // the file that the next record is another extent of
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t size = u8(bytes, at);
            if (size == 0) {  // no record crosses a sector
                at = (at / iso_sector + 1) * iso_sector;
                continue;
            }
            const std::string_view record = std::string_view(bytes).substr(at, size);
            const std::size_t name_size = u8(record, 32);
            if (size < 34 || record.size() < size || 33 + name_size > size) {
                tree_.damaged = true;
                return;
            }
            continued = add(directory, record, name_size, continued);
            at += size;
        }
    }

    IsoNode* add(const Directory& directory, std::string_view record, std::size_t name_size,
                 IsoNode* continued) {
        const std::uint8_t flags = u8(record, 25);
        const std::uint64_t offset = block_offset(record, 2) + std::uint64_t{u8(record, 1)} * iso_sector;
        const std::uint64_t size = le32(record, 10);
        std::string name(record.substr(33, name_size));
        if (name == std::string(1, '\0') || name == "\1")
            return nullptr;
        if (++records_ > node_limit) {
            tree_.damaged = true;
            return nullptr;
        }
        if (continued) {
            continued->size += size;
            continued->content.append(iso_.part(offset, size));
            return flags & 0x80 ? continued : nullptr;
        }
        IsoNode node{(flags & 2) != 0, {}, {}, size, offset};
        std::uint32_t child = 0;
        if (tree_.names == IsoTree::Names::rock_ridge) {
            const std::size_t use = 33 + name_size + (name_size % 2 == 0 ? 1 : 0) + skip_;
            const RockRidge extra = read_rock_ridge(iso_, record.substr(std::min(use, record.size())));
            total_ += extra.continued;
            tree_.damaged |= extra.too_long;
            if (extra.relocated)
                return nullptr;
            name = extra.name.empty() ? plain_name(name) : extra.name;
            node.target = extra.target;
            child = extra.child;
        } else {
            name = tree_.names == IsoTree::Names::joliet ? joliet_name(name) : plain_name(name);
        }
        const std::string path = directory.path + "/" + name;
        names_ += path.size() + node.target.size();
        if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
            path.size() > longest_path || names_ > iso_names_limit || total_ > all_directories_limit) {
            tree_.damaged = true;
            return nullptr;
        }
        if (child != 0)
            node = {true,
                    {},
                    {},
                    le32(iso_.read(std::uint64_t{child} * iso_sector, 34), 10),
                    std::uint64_t{child} * iso_sector};
        if (node.directory)
            todo_.push_back({path, node.offset, node.size, directory.depth + 1});
        else
            node.content = iso_.part(offset, size);
        tree_.any_case.try_emplace(path, path);
        const auto [place, inserted] = tree_.nodes.insert_or_assign(path, std::move(node));
        static_cast<void>(inserted);
        return flags & 0x80 ? &place->second : nullptr;
    }

    const ByteView& iso_;
    bool plain_;
    IsoTree tree_;
    std::size_t skip_ = 0;  ///< bytes before the System Use fields of each record
    std::deque<Directory> todo_;
    std::set<std::uint64_t> seen_;
    std::uint64_t total_ = 0;  ///< bytes of directories and of their continuation areas
    std::size_t names_ = 0, records_ = 0;
};

}  // namespace

std::optional<IsoVolume> read_iso_volume(const ByteView& iso) {
    const std::string bytes = iso.read(descriptors, iso_sector);
    if (bytes.size() < iso_sector || u8(bytes, 0) != 1 || !has_text(bytes, 1, "CD001"))
        return std::nullopt;
    const std::string_view view = bytes;
    const std::string modified = uuid(view.substr(830, 17));
    return IsoVolume{trimmed(view.substr(40, 32)),
                     trimmed(view.substr(8, 32)),
                     trimmed(view.substr(574, 128)),
                     date(view.substr(813, 17)),
                     modified.empty() ? uuid(view.substr(813, 17)) : modified,
                     std::uint64_t{le32(bytes, 80)} * iso_sector};
}

IsoTree read_iso_tree(const ByteView& iso) {
    return Walk(iso, false).take();
}

IsoTree read_plain_iso_tree(const ByteView& iso) {
    return Walk(iso, true).take();
}

const IsoNode* IsoTree::find(std::string_view path) const {
    const std::string reached = follow_links(path, [this](const std::string& at) {
        const auto node = nodes.find(at);
        return node == nodes.end() || node->second.target.empty() ? std::nullopt
                                                                  : std::optional(node->second.target);
    });
    if (const auto node = nodes.find(reached); node != nodes.end())
        return &node->second;
    if (names == Names::rock_ridge)
        return nullptr;
    const auto node = nodes.find(find_any_case(reached));
    return node == nodes.end() ? nullptr : &node->second;
}

std::string IsoTree::find_any_case(std::string_view path) const {
    const auto found = any_case.find(path);
    return found == any_case.end() ? "" : found->second;
}

std::string IsoTree::path_at(std::uint64_t offset) const {
    const auto node = std::ranges::find_if(nodes, [&](const auto& entry) {
        return !entry.second.directory && entry.second.size > 0 && entry.second.offset == offset;
    });
    return node == nodes.end() ? "" : node->first;
}

}  // namespace lktest
