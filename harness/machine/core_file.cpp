// SPDX-License-Identifier: MIT
#include "harness/machine/core_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "harness/diagnose/elf_core.hpp"

namespace lktest {
namespace {

constexpr std::string_view signature = "makedumpfile";
constexpr std::streamoff header_size = 4096;
constexpr std::uint64_t end_mark = ~std::uint64_t{0};

std::optional<std::uint64_t> read_number(std::istream& from) {
    std::array<unsigned char, 8> bytes{};
    if (!from.read(reinterpret_cast<char*>(bytes.data()), bytes.size()))
        return std::nullopt;
    std::uint64_t number = 0;
    for (const unsigned char byte : bytes)
        number = number << 8 | byte;
    return number;
}

/// Copies pieces up to the end mark. Returns false if the dump ends before it.
bool copy_pieces(std::istream& from, std::ostream& to) {
    std::array<char, 65536> chunk{};
    for (;;) {
        const auto offset = read_number(from), size = read_number(from);
        if (!offset || !size)
            return false;
        if (*offset == end_mark)
            return true;
        to.seekp(static_cast<std::streamoff>(*offset));
        for (std::uint64_t left = *size; left > 0;) {
            const auto part = static_cast<std::streamsize>(std::min<std::uint64_t>(left, chunk.size()));
            if (!from.read(chunk.data(), part) || !to.write(chunk.data(), part))
                return false;
            left -= static_cast<std::uint64_t>(part);
        }
    }
}

// struct disk_dump_header, and struct kdump_sub_header in the next block, for a 64-bit machine (makedumpfile,
// IMPLEMENTATION and diskdump_mod.h). Offsets in bytes; little-endian like the machine.
constexpr std::string_view kdump_signature = "KDUMP   ";
constexpr std::streamoff utsname_at = 12, block_size_at = 428;
constexpr std::streamoff phys_base_at = 0, vmcoreinfo_at = 32,
                         notes_at = 48;  // an offset, followed by a size
constexpr std::uint64_t most_notes = 64 << 20;

template <typename T>
void put(std::ostream& to, T value) {
    to.write(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
bool get(std::istream& from, T& value) {
    return static_cast<bool>(from.read(reinterpret_cast<char*>(&value), sizeof value));
}

}  // namespace

void unflatten_core(const std::filesystem::path& file) {
    std::ifstream from(file, std::ios::binary);
    std::array<char, signature.size()> begin{};
    if (!from.read(begin.data(), begin.size()) || std::string_view(begin.data(), begin.size()) != signature)
        return;
    AtomicFile whole(file);
    std::ofstream to(whole.temporary(), std::ios::binary);
    std::filesystem::permissions(whole.temporary(),
                                 std::filesystem::perms(0600));  // it holds all of the guest's memory
    from.seekg(header_size);
    if (!copy_pieces(from, to) || !to.flush())
        throw host_error(fmt::format("cannot write the guest's memory to {}", file.string()),
                         "is the disk full?");
    whole.commit();
}

void describe_core(const std::filesystem::path& file, const KernelOfCore& kernel) {
    std::fstream core(file, std::ios::binary | std::ios::in | std::ios::out);
    std::array<char, kdump_signature.size()> begin{};
    std::uint32_t block_size = 0;
    if (!core.read(begin.data(), begin.size()) ||
        std::string_view(begin.data(), begin.size()) != kdump_signature ||
        !get(core.seekg(block_size_at), block_size))
        return;
    const std::streamoff sub_header = block_size;
    std::uint64_t offset = 0, size = 0;
    core.seekg(sub_header + notes_at);
    if (!get(core, offset) || !get(core, size) || size > most_notes)
        return;
    // The notes are written after all pages, with the kernel's note added.
    std::string notes(static_cast<std::size_t>(size), '\0');
    if (!core.seekg(static_cast<std::streamoff>(offset)).read(notes.data(), std::ssize(notes)))
        return;
    notes += elf_note("VMCOREINFO", 0, kernel.vmcoreinfo);
    core.seekp(0, std::ios::end);
    const auto at = static_cast<std::uint64_t>(core.tellp());
    core.write(notes.data(), std::ssize(notes));
    core.seekp(sub_header + notes_at);
    put(core, at);
    put(core, std::uint64_t{notes.size()});
    core.seekp(sub_header + vmcoreinfo_at);
    put(core, at + notes.rfind(kernel.vmcoreinfo));
    put(core, std::uint64_t{kernel.vmcoreinfo.size()});
    if (kernel.phys_base) {
        core.seekp(sub_header + phys_base_at);
        put(core, *kernel.phys_base);
    }
    if (kernel.utsname.size() == utsname_size) {
        core.seekp(utsname_at);
        core.write(kernel.utsname.data(), std::ssize(kernel.utsname));
    }
    if (!core.flush())
        throw host_error(fmt::format("cannot write to {}", file.string()), "is the disk full?");
}

}  // namespace lktest
