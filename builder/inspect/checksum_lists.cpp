// SPDX-License-Identifier: MIT
#include "builder/inspect/checksum_lists.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <tuple>

#include "builder/base/handle.hpp"
#include "builder/base/sha256.hpp"
#include "builder/inspect/iso_sector.hpp"

namespace lktest {
namespace {

constexpr std::size_t list_limit = 16, list_size_limit = 16 << 20, line_limit = 200'000, remark_limit = 100;
constexpr std::size_t piece = 1 << 20;

/// The kind of digest follows from its length in hexadecimal digits.
const EVP_MD* digest_for(std::size_t digits) {
    switch (digits) {
        case 32: return EVP_md5();
        case 40: return EVP_sha1();
        case 64: return EVP_sha256();
        case 96: return EVP_sha384();
        case 128: return EVP_sha512();
        default: return nullptr;
    }
}

bool is_hexadecimal(std::string_view text) {
    return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

struct Line {
    std::string sum, path;
};

/// "SUM  path" and "SUM *path" (coreutils), or "MD5 (path) = SUM" (BSD).
std::optional<Line> parse_line(std::string_view line) {
    line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    if (const std::size_t equals = line.rfind(") = "); equals != std::string_view::npos) {
        const std::size_t open = line.find(" (");
        const std::string_view sum = line.substr(equals + 4);
        if (open < equals && digest_for(sum.size()) && is_hexadecimal(sum))
            return Line{std::string(sum), std::string(line.substr(open + 2, equals - open - 2))};
        return std::nullopt;
    }
    const std::size_t end = line.find_first_of(" \t");
    if (end == std::string_view::npos || !digest_for(end) || !is_hexadecimal(line.substr(0, end)))
        return std::nullopt;
    std::string_view path = line.substr(end + 1);
    path.remove_prefix(std::min(path.find_first_not_of(" \t"), path.size()));
    if (path.starts_with('*'))
        path.remove_prefix(1);
    return path.empty() ? std::nullopt
                        : std::optional(Line{std::string(line.substr(0, end)), std::string(path)});
}

bool is_list(std::string_view path) {
    const std::string file = lower_case(file_name_of(path));
    if (file.ends_with(".md5") || file.ends_with(".sha1") || file.ends_with(".sha256") ||
        file.ends_with(".sha512"))
        return true;
    constexpr std::array stems{std::string_view("md5sum"), std::string_view("sha1sum"),
                               std::string_view("sha256sum"), std::string_view("sha512sum")};
    return std::ranges::any_of(stems, [&file](std::string_view stem) {
        return file == stem || file == fmt::format("{}s", stem) || file == fmt::format("{}.txt", stem) ||
               file == fmt::format("{}s.txt", stem);
    });
}

class Digest {
public:
    explicit Digest(const EVP_MD* kind) { EVP_DigestInit_ex(context_.get(), kind, nullptr); }
    void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
    std::string finish() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
        unsigned size = 0;
        EVP_DigestFinal_ex(context_.get(), bytes.data(), &size);
        return hexadecimal({reinterpret_cast<const char*>(bytes.data()), size});
    }

private:
    Handle<EVP_MD_CTX, EVP_MD_CTX_free> context_{EVP_MD_CTX_new()};
};

std::string digest_of(const ByteView& file, const EVP_MD* kind) {
    Digest digest(kind);
    for (std::uint64_t at = 0; at < file.size(); at += piece)
        digest.add(file.read(at, piece));
    return digest.finish();
}

/// A file named by a list.
struct Named {
    std::size_t list;
    Line line;
    const IsoNode* node;
};

void read_list(const IsoTree& tree, const std::string& path, const std::string& text, std::size_t index,
               ChecksumList& list, std::vector<Named>& named) {
    std::string_view rest = text;
    std::size_t lines = 0, there = 0;
    std::vector<std::string> missing;
    const std::size_t before = named.size();
    while (!rest.empty() && lines < line_limit) {
        const std::string_view row = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(row.size() + 1, rest.size()));
        auto line = parse_line(row);
        if (!line)
            continue;
        ++lines;
        const IsoNode* node = tree.find(normal_path(fmt::format("{}/{}", directory_of(path), line->path)));
        if (!node)
            node = tree.find(normal_path("/" + line->path));
        if (node && !node->directory) {
            ++there;
            named.push_back({index, std::move(*line), node});
        } else if (!node && missing.size() < remark_limit) {
            missing.push_back(std::move(line->path));
        }
    }
    // A list whose files are mostly missing was made for another directory.
    if (there * 2 >= lines)
        list.missing = std::move(missing);
    else
        named.resize(before);
}

}  // namespace

std::vector<ChecksumList> check_lists(const IsoTree& tree, const std::vector<std::uint64_t>& patched,
                                      std::uint64_t limit) {
    std::vector<ChecksumList> lists;
    std::vector<Named> named;
    for (const auto& [path, node] : tree.nodes)
        if (!node.directory && node.target.empty() && is_list(path) && lists.size() < list_limit &&
            node.size <= list_size_limit) {
            lists.push_back({.path = path});
            read_list(tree, path, node.content.read(0, list_size_limit), lists.size() - 1, lists.back(),
                      named);
        }
    std::ranges::stable_sort(named, {}, [](const Named& file) { return file.node->size; });
    std::map<std::pair<std::uint64_t, std::size_t>, std::string> known;  // by place and kind
    std::uint64_t done = 0;
    for (const Named& file : named) {
        if (file.node->size > 0 && std::ranges::find(patched, file.node->offset) != patched.end())
            continue;
        ChecksumList& list = lists[file.list];
        const std::size_t digits = file.line.sum.size();
        const auto key = std::pair(file.node->size == 0 ? 0 : file.node->offset, digits);
        auto sum = known.find(key);
        if (sum == known.end()) {
            if (file.node->size > limit - std::min(limit, done)) {
                ++list.unchecked;
                continue;
            }
            done += file.node->size;
            sum = known.emplace(key, digest_of(file.node->content, digest_for(digits))).first;
        }
        if (sum->second == lower_case(file.line.sum))
            ++list.right;
        else if (list.differing.size() < remark_limit)
            list.differing.push_back(normal_path("/" + file.line.path));
    }
    std::erase_if(lists, [](const ChecksumList& list) {
        return list.right + list.unchecked + list.differing.size() + list.missing.size() == 0;
    });
    return lists;
}

std::optional<ImplantedSum> check_implanted(const ByteView& iso, std::uint64_t limit) {
    // isomd5sum: the application's area of the volume descriptor counts as blanks, and this many of the last
    // sectors are skipped.
    constexpr std::uint64_t descriptor = 16 * iso_sector, area = descriptor + 883, area_size = 512;
    const std::string text = iso.read(area, area_size);
    const auto value = [&text](std::string_view key) {
        const std::size_t at = text.find(key);
        if (at == std::string::npos)
            return std::string();
        const std::string rest = text.substr(at + key.size());
        return rest.substr(0, rest.find(';'));
    };
    const std::string sum = value("ISO MD5SUM = "), skipped = value("SKIPSECTORS = ");
    std::uint64_t skip = 0;
    std::from_chars(skipped.data(), skipped.data() + skipped.size(), skip);
    const std::uint64_t size = std::uint64_t{le32(iso.read(descriptor + 80, 4), 0)} * iso_sector;
    if (sum.size() != 32 || !is_hexadecimal(sum) || skip > size / iso_sector || size > iso.size())
        return std::nullopt;
    const std::uint64_t end = size - skip * iso_sector;
    if (end > limit || end < area + area_size)
        return ImplantedSum{};
    Digest digest(EVP_md5());
    digest.add(iso.read(0, area));
    digest.add(std::string(area_size, ' '));
    for (std::uint64_t at = area + area_size; at < end; at += piece)
        digest.add(iso.read(at, std::min<std::uint64_t>(piece, end - at)));
    return ImplantedSum{true, digest.finish() == lower_case(sum)};
}

}  // namespace lktest
