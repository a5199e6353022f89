// SPDX-License-Identifier: MIT
// The layout is EDK2's: MdeModulePkg/Include/Guid/VariableFormat.h. For the volume around it see PI 1.8,
// volume 3, 3.2.1.
#include "firmware/variable_store.hpp"

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
// Non-volatile, at boot and run time, and only with a signature and a later time.
constexpr std::uint32_t attributes = 0x27;

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

struct StoredVariable {
    std::string_view whole, name, value;
    bool valid = false;
};

std::vector<StoredVariable> stored_in(std::string_view store, const Region& region) {
    std::vector<StoredVariable> found;
    for (std::size_t at = region.begin; at + variable_header <= region.end;) {
        if (le16(store, at) != variable_begin)
            break;
        const std::size_t name = le32(store, at + 36), value = le32(store, at + 40);
        const std::size_t size = variable_header + name + value;
        if (size > region.end - at)
            break;
        const auto state = static_cast<std::uint8_t>(store[at + 2]);
        found.push_back({.whole = store.substr(at, size),
                         .name = store.substr(at + variable_header, name),
                         .value = store.substr(at + variable_header + name, value),
                         .valid = state == added || state == in_deleted_transition});
        at = aligned(at + size);
    }
    return found;
}

std::string stored(const AuthenticatedVariable& variable) {
    const std::string name = wide(variable.name);
    std::string bytes;
    add_le(bytes, variable_begin, 2);
    add_le(bytes, added, 2);
    add_le(bytes, attributes, 4);
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
    for (const StoredVariable& variable : stored_in(store, *region))
        if (variable.valid && variable.name == wanted)
            return std::string(variable.value);
    return std::nullopt;
}

std::string with_variables(std::string begin, std::span<const AuthenticatedVariable> variables) {
    const auto region = region_of(begin);
    if (!region || region->end > begin.size())
        throw host_error("lktest cannot enroll keys in this firmware's variable store",
                         "use the firmware from the package ovmf or qemu-efi-aarch64");
    std::string content;
    const auto put = [&](std::string_view bytes) {
        content.append(aligned(region->begin + content.size()) - region->begin - content.size(), '\xff');
        content += bytes;
    };
    for (const StoredVariable& variable : stored_in(begin, *region)) {
        const auto replaces = [&](const AuthenticatedVariable& other) {
            return wide(other.name) == variable.name;
        };
        if (variable.valid && std::ranges::none_of(variables, replaces))
            put(variable.whole);
    }
    for (const AuthenticatedVariable& variable : variables)
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
