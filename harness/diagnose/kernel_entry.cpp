// SPDX-License-Identifier: MIT
#include "harness/diagnose/kernel_entry.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace lktest {
namespace {

using namespace std::string_view_literals;

/// The Image that begins at most 64 MiB before the address, and reaches beyond it.
bool in_arm_image(const GuestMemory& memory, std::uint64_t address) {
    constexpr std::uint64_t step = 64 << 10, most = 64 << 20, magic_at = 56, size_at = 16;
    constexpr std::uint32_t magic = 0x644d5241;  // "ARM\x64"
    std::uint64_t image = address / step * step;
    for (std::uint64_t back = 0; back <= most; back += step, image -= step) {
        const auto size = memory.value<std::uint64_t>(image + size_at);
        if (size && memory.value<std::uint32_t>(image + magic_at) == magic)
            return address - image < *size;
        if (image == 0)
            break;
    }
    return false;
}

bool in_x86_image(const GuestMemory& memory, std::uint64_t address) {
    // The packed kernel follows the entries directly; they take less than 4 KiB.
    constexpr std::array packed{
        "\xfd"
        "7zXZ\0"sv,
        "\x28\xb5\x2f\xfd"sv, "\x1f\x8b\x08"sv, "\x02\x21\x4c\x18"sv};
    constexpr std::uint64_t page = 4096, around = 1 << 20;
    const std::string entry = memory.bytes_at(address / page * page, 2 * page);
    if (std::ranges::any_of(packed,
                            [&](std::string_view magic) { return entry.find(magic) != std::string::npos; }))
        return true;
    const std::uint64_t from = address - std::min(address, around), to = address + around;
    return std::ranges::any_of(memory.spans(), [&](const MemorySpan& span) {
        const std::uint64_t begin = std::max(from, span.address),
                            end = std::min(to, span.address + span.bytes.size());
        return begin < end &&
               memory.bytes_at(begin, end - begin).find("KASLR disabled: 'nokaslr'") != std::string::npos;
    });
}

}  // namespace

bool in_kernel_entry(const GuestMemory& memory, Arch arch, std::uint64_t address) {
    return arch == Arch::aarch64 ? in_arm_image(memory, address) : in_x86_image(memory, address);
}

}  // namespace lktest
