// SPDX-License-Identifier: MIT
#include "harness/diagnose/btf.hpp"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <span>

namespace lktest {
namespace {

/// A kernel's types take 4 to 6 MiB; a module's, which refer to them, some KiB.
constexpr std::uint32_t smallest = 256 << 10, largest = 32 << 20;
constexpr std::uint32_t most_types = 2'000'000;
constexpr std::size_t most_structures = 200'000;  // an allyesconfig kernel has 20 000
constexpr unsigned most_lookalikes = 64;          // places that only begin like BTF
/// Members that one search looks at: the largest structure has some hundreds.
constexpr unsigned most_members = 100'000;

/// Resolves typedefs and qualifiers, which may form a ring in invalid data.
const btf_type* structure_behind(const btf* types, std::uint32_t id) {
    for (unsigned steps = 0; steps < 16; ++steps) {
        const btf_type* type = btf__type_by_id(types, id);
        if (!type || btf_is_composite(type))
            return type;
        if (!btf_is_mod(type) && !btf_is_typedef(type))
            return nullptr;
        id = type->type;
    }
    return nullptr;
}

struct Member {
    std::uint32_t type = 0;
    std::uint64_t bits = 0;
};

/// @param left  members that may still be visited: bounds the breadth, as `deepest` bounds the depth
std::optional<Member> member_of(const btf* types, const btf_type* structure, std::string_view name,
                                unsigned& left, unsigned depth = 0) {
    constexpr unsigned deepest = 8;
    if (!structure || !btf_is_composite(structure) || depth > deepest)
        return std::nullopt;
    const std::span members(btf_members(structure), btf_vlen(structure));
    for (std::uint32_t i = 0; i < members.size(); ++i) {
        if (left == 0)
            return std::nullopt;
        --left;
        const char* text = btf__name_by_offset(types, members[i].name_off);
        const std::string_view member = text ? text : "";
        const std::uint64_t bits = btf_member_bit_offset(structure, i);
        if (member == name)
            return Member{members[i].type, bits};
        if (!member.empty())
            continue;
        const btf_type* unnamed = structure_behind(types, members[i].type);
        if (auto inner = member_of(types, unnamed, name, left, depth + 1)) {
            inner->bits += bits;
            return inner;
        }
    }
    return std::nullopt;
}

}  // namespace

void free_btf(btf* types) {
    btf__free(types);
}

KernelTypes::KernelTypes(btf* types) : types_(types) {
    const std::uint32_t count = std::min(btf__type_cnt(types), most_types);
    for (std::uint32_t id = 1; id < count && structures_.size() < most_structures; ++id) {
        const btf_type* type = btf__type_by_id(types, id);
        if (!type || !btf_is_struct(type))
            continue;
        const char* name = btf__name_by_offset(types, type->name_off);
        if (name && *name != '\0')
            structures_.emplace(name, id);
    }
}

std::optional<KernelTypes> KernelTypes::parse(std::string_view bytes) {
    if (bytes.size() > largest)
        return std::nullopt;
    libbpf_set_print(nullptr);  // it would report invalid data on stderr
    btf* types = btf__new(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    if (libbpf_get_error(types) != 0 || !types)
        return std::nullopt;
    return KernelTypes(types);
}

std::optional<std::uint64_t> KernelTypes::offset(std::string_view structure, std::string_view path) const {
    const auto found = structures_.find(structure);
    if (found == structures_.end())
        return std::nullopt;
    const btf_type* type = btf__type_by_id(types_.get(), found->second);
    std::uint64_t bits = 0;
    unsigned left = most_members;
    for (;;) {
        const std::string_view name = path.substr(0, path.find('.'));
        const auto member =
            name.empty() ? std::nullopt
                         : member_of(types_.get(), type, name, left);  // unnamed types have an empty name
        if (!member)
            return std::nullopt;
        bits += member->bits;
        if (name.size() == path.size())
            break;
        path.remove_prefix(name.size() + 1);
        type = structure_behind(types_.get(), member->type);
    }
    return bits % 8 == 0 ? std::optional(bits / 8) : std::nullopt;
}

namespace {

/// A kernel's BTF at an address, with the header that every libbpf knows: later ones are longer, and what
/// their fields describe follows the strings.
std::string bytes_of_types(const GuestMemory& memory, std::uint64_t at) {
    constexpr std::uint32_t longest_header = 256;
    const auto header = memory.value<btf_header>(at);
    if (!header || header->hdr_len < sizeof(btf_header) || header->hdr_len > longest_header ||
        header->flags != 0 || header->type_off != 0 || header->type_len < smallest ||
        header->type_len > largest || header->str_len > largest || header->str_off < header->type_len ||
        header->str_off > largest)
        return "";
    btf_header known = *header;
    known.hdr_len = sizeof known;
    known.str_off = known.type_len;
    const std::uint64_t types = at + header->hdr_len;
    return std::string(reinterpret_cast<const char*>(&known), sizeof known) +
           memory.bytes_at(types, header->type_len) +
           memory.bytes_at(types + header->str_off, header->str_len);
}

}  // namespace

std::optional<KernelTypes> find_types(const GuestMemory& memory, std::uint64_t near) {
    static constexpr std::string_view magic("\x9f\xeb\1\0", 4);  // and version 1, without flags
    unsigned tables = 0;
    for (const MemorySpan& part : memory.around_kernel(near)) {
        const std::uint64_t begin = part.address;
        const std::string_view image(reinterpret_cast<const char*>(part.bytes.data()), part.bytes.size());
        for (std::size_t at = image.find(magic); at != image.npos; at = image.find(magic, at + 1)) {
            // The guest may change its memory during the search, so a hit is copied before it is parsed.
            const std::string bytes = bytes_of_types(memory, begin + at);
            if (bytes.empty())
                continue;
            if (++tables > most_lookalikes)
                return std::nullopt;
            if (auto found = KernelTypes::parse(bytes))
                return found;
        }
    }
    return std::nullopt;
}

}  // namespace lktest
