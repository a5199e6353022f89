// SPDX-License-Identifier: MIT
// The layout is EDK2's: MdeModulePkg/Include/Guid/VariableFormat.h. For the volume around it see PI 1.8,
// volume 3, 3.2.1.
#include "firmware/variable_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "builder/base/error.hpp"
#include "builder/base/little_endian.hpp"
#include "firmware/volume.hpp"

namespace lktest {
namespace {

constexpr std::string_view authenticated_store(
    "\x78\x2c\xf3\xaa\x7b\x94\x9a\x43\xa1\x80\x2e\x14\x4e\xc3\x77\x92", 16);
constexpr std::size_t volume_header_size = 48, store_header = 28, variable_header = 60;
constexpr std::uint16_t variable_begin = 0x55aa;
// State changes clear one bit after another.
constexpr std::uint8_t added = 0x3f, in_deleted_transition = 0x3e;

std::size_t aligned(std::size_t offset) {
    return (offset + 3) & ~std::size_t{3};
}

/// UTF-16, with the NUL that is part of a variable's name.
std::string wide(std::string_view name) {
    std::string bytes;
    for (const char c : name)
        add_le(bytes, static_cast<unsigned char>(c), 2);
    return bytes.append(2, '\0');
}

/// The location of the variables.
struct Region {
    std::size_t begin = 0, end = 0;
};

std::optional<Region> region_of(std::string_view store) {
    if (store.size() < volume_header_size + 2 || !is_firmware_volume(store))
        return std::nullopt;
    const std::size_t header = le16(store, volume_header_size);
    if (store.size() < header + store_header || store.substr(header, 16) != authenticated_store)
        return std::nullopt;
    const std::size_t size = le32(store, header + 16);
    if (size <= store_header || size > std::size_t{64} << 20)
        return std::nullopt;
    return Region{header + store_header, header + size};
}

struct Record {
    std::string_view whole, vendor, name, value;
    std::uint32_t attributes = 0;
    bool valid = false;
};

std::vector<Record> records_in(std::string_view store, const Region& region) {
    std::vector<Record> found;
    for (std::size_t at = region.begin; at + variable_header <= region.end;) {
        if (le16(store, at) != variable_begin)
            break;
        const std::size_t name = le32(store, at + 36), value = le32(store, at + 40);
        const std::size_t size = variable_header + name + value;
        if (size > region.end - at)
            break;
        const auto state = static_cast<std::uint8_t>(store[at + 2]);
        found.push_back({.whole = store.substr(at, size),
                         .vendor = store.substr(at + 44, 16),
                         .name = store.substr(at + variable_header, name),
                         .value = store.substr(at + variable_header + name, value),
                         .attributes = le32(store, at + 4),
                         .valid = state == added || state == in_deleted_transition});
        at = aligned(at + size);
    }
    return found;
}

/// A GUID's text (RFC 9562, 4): its first three numbers are little-endian in memory.
std::string guid_text(std::string_view guid) {
    return fmt::format("{:08x}-{:04x}-{:04x}-{:02x}{:02x}-{:02x}{:02x}{:02x}{:02x}{:02x}{:02x}",
                       le32(guid, 0), le16(guid, 4), le16(guid, 6), u8(guid, 8), u8(guid, 9), u8(guid, 10),
                       u8(guid, 11), u8(guid, 12), u8(guid, 13), u8(guid, 14), u8(guid, 15));
}

/// The printable ASCII of a name in UTF-16.
std::string narrow(std::string_view name) {
    std::string text;
    for (std::size_t at = 0; at + 2 <= name.size(); at += 2) {
        const std::uint16_t unit = le16(name, at);
        if (unit == 0)
            break;
        text += unit >= ' ' && unit <= '~' ? static_cast<char>(unit) : '?';
    }
    return text;
}

std::string stored(const NewVariable& variable) {
    const std::string name = wide(variable.name);
    std::string bytes;
    add_le(bytes, variable_begin, 2);
    add_le(bytes, added, 2);
    add_le(bytes, variable.attributes, 4);
    add_le(bytes, 0, 8);  // an obsolete counter
    // A time stamp, EFI_TIME: 2000-01-01; any later change has a later one.
    add_le(bytes, 2000, 2);
    add_le(bytes, 1, 1);
    add_le(bytes, 1, 1);
    bytes.append(12, '\0');
    add_le(bytes, 0, 4);
    add_le(bytes, name.size(), 4);
    add_le(bytes, variable.value.size(), 4);
    bytes += variable.vendor;
    return bytes + name + variable.value;
}

}  // namespace

std::size_t variables_end(std::string_view begin) {
    const auto region = region_of(begin);
    return region ? region->end : 0;
}

std::optional<std::string> variable_in(std::string_view store, std::string_view name) {
    const auto region = region_of(store);
    if (!region || region->end > store.size())
        return std::nullopt;
    const std::string wanted = wide(name);
    for (const Record& variable : records_in(store, *region))
        if (variable.valid && variable.name == wanted)
            return std::string(variable.value);
    return std::nullopt;
}

std::vector<StoredVariable> variables_in(std::string_view store) {
    std::vector<StoredVariable> variables;
    const auto region = region_of(store);
    if (!region || region->end > store.size())
        return variables;
    for (const Record& record : records_in(store, *region))
        if (record.valid)
            variables.push_back({narrow(record.name), guid_text(record.vendor), record.attributes,
                                 std::string(record.value)});
    return variables;
}

std::string with_variables(std::string begin, std::span<const NewVariable> variables) {
    const auto region = region_of(begin);
    if (!region || region->end > begin.size())
        throw host_error("lktest cannot enroll keys in this firmware's variable store",
                         "use the firmware from the package ovmf or qemu-efi-aarch64");
    std::string content;
    const auto put = [&](std::string_view bytes) {
        content.append(aligned(region->begin + content.size()) - region->begin - content.size(), '\xff');
        content += bytes;
    };
    for (const Record& variable : records_in(begin, *region)) {
        const auto replaces = [&](const NewVariable& other) { return wide(other.name) == variable.name; };
        if (variable.valid && std::ranges::none_of(variables, replaces))
            put(variable.whole);
    }
    for (const NewVariable& variable : variables)
        put(stored(variable));
    const std::size_t room = region->end - region->begin;
    if (content.size() > room)
        throw host_error("the keys do not fit into the firmware's variable store",
                         "give fewer certificates or a shorter revocation list");
    content.append(room - content.size(), '\xff');  // like erased flash
    begin.replace(region->begin, room, content);
    return begin;
}

}  // namespace lktest
