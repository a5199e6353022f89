// SPDX-License-Identifier: MIT
#include "builder/inspect/grub_program.hpp"

#include <algorithm>
#include <array>

#include "builder/inspect/fat.hpp"
#include "builder/inspect/path_lookup.hpp"
#include "builder/inspect/unpack.hpp"

namespace lktest {
namespace {

constexpr std::size_t modules_limit = 32 << 20, module_count_limit = 1'000, text_limit = 256 << 10;

bool is_config(std::string_view path) {
    return path.ends_with(".cfg") || path.ends_with(".conf");
}

/// Members of a ustar archive from grub-mkstandalone.
void read_tar(std::string_view bytes, std::map<std::string, std::string>& files) {
    constexpr std::size_t block = 512;
    for (std::size_t at = 0; at + block <= bytes.size() && bytes[at] != 0;) {
        const std::string_view header = bytes.substr(at, block);
        std::uint64_t size = 0;
        for (const char digit : header.substr(124, 12))
            if (digit >= '0' && digit <= '7')
                size = size * 8 + static_cast<std::uint64_t>(digit - '0');
        if (size > bytes.size() - at)
            return;
        const std::string_view raw = header.substr(0, 100);
        const std::string path = normal_path(raw.substr(0, raw.find('\0')));
        if (is_config(path) && size <= text_limit && files.size() < 64)
            files.emplace(lower_case(path), bytes.substr(at + block, size));
        at += block + (size + block - 1) / block * block;
    }
}

void read_memdisk(const std::string& bytes, std::map<std::string, std::string>& files) {
    if (has_text(bytes, 257, "ustar")) {
        read_tar(bytes, files);
    } else if (const auto fat = read_fat(ByteView::of_memory(bytes))) {
        for (const auto& [path, content] : fat->files)
            if (is_config(lower_case(path)) && content.size() <= text_limit && files.size() < 64)
                files.emplace(lower_case(path), content.read(0, text_limit));
    }
}

/// The name in a module's section .modname; 32-bit or 64-bit ELF.
std::string elf_module_name(std::string_view elf) {
    const bool wide = u8(elf, 4) == 2;
    const std::uint64_t table = wide ? le64(elf, 40) : le32(elf, 32);
    const std::size_t size = le16(elf, wide ? 58 : 46), count = le16(elf, wide ? 60 : 48);
    const std::size_t names = le16(elf, wide ? 62 : 50);
    if (!elf.starts_with("\x7f"
                         "ELF") ||
        size < 40 || table > elf.size() || count * size > elf.size() - table || names >= count)
        return {};
    const auto section = [&](std::size_t index) -> std::string_view {
        const std::string_view header = elf.substr(table + index * size, size);
        const std::uint64_t at = wide ? le64(header, 24) : le32(header, 16);
        const std::uint64_t length = wide ? le64(header, 32) : le32(header, 20);
        return at > elf.size() ? std::string_view() : elf.substr(at, length);
    };
    const auto word = [](std::string_view text) { return text.substr(0, text.find('\0')); };
    const std::string_view all_names = section(names);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = le32(elf, table + i * size);
        if (at < all_names.size() && word(all_names.substr(at)) == ".modname")
            return std::string(word(section(i)).substr(0, 64));
    }
    return {};
}

/// GRUB's list of modules: "mimg", then the offset and size of the list; each module begins with its type
/// and its size (GRUB, include/grub/kernel.h).
std::optional<GrubProgram> read_modules(const std::string& bytes, bool wide) {
    if (!bytes.starts_with("mimg"))
        return std::nullopt;
    GrubProgram program;
    std::uint64_t at = wide ? le64(bytes, 8) : le32(bytes, 4);
    const std::uint64_t end = std::min<std::uint64_t>(wide ? le64(bytes, 16) : le32(bytes, 8), bytes.size());
    for (std::size_t i = 0; i < module_count_limit && at + 8 <= end; ++i) {
        const std::uint32_t type = le32(bytes, at), size = le32(bytes, at + 4);
        if (size < 8 || size > end - at)
            break;
        const std::string_view content = std::string_view(bytes).substr(at + 8, size - 8);
        const std::string text(content.substr(0, std::min(content.find('\0'), text_limit)));
        switch (type) {
            case 0:
                for (const std::string_view command : {"linux16", "initrd16", "linuxefi", "initrdefi"})
                    if (content.find(std::string("\0", 1).append(command) + '\0') != std::string_view::npos)
                        program.commands.emplace(command);
                if (std::string name = elf_module_name(content); !name.empty())
                    program.modules.insert(std::move(name));
                break;
            case 1: read_memdisk(std::string(content), program.memdisk); break;
            case 2: program.script = text; break;
            case 3: program.prefix = text; break;
            default: break;
        }
        at += size;
    }
    return program;
}

/// In a core for BIOS the list follows the kernel, whose code also contains the magic number.
std::optional<GrubProgram> find_modules(std::string_view core) {
    constexpr std::uint32_t header_size = 12;
    for (std::size_t at = 0; (at = core.find("mimg", at)) != std::string_view::npos; ++at)
        if (le32(core, at + 4) == header_size && le32(core, at + 8) <= core.size() - at)
            return read_modules(std::string(core.substr(at)), false);
    return std::nullopt;
}

}  // namespace

std::optional<GrubProgram> read_grub_program(const ByteView& file) {
    const std::string dos = file.read(0, 64);
    const std::uint64_t start = le32(dos, 60);
    const std::string header = file.read(start, 4096);
    if (!dos.starts_with("MZ") || !has_text(header, 0, std::string_view("PE\0\0", 4)))
        return std::nullopt;
    const std::size_t count = std::min<std::size_t>(le16(header, 6), 32), optional = le16(header, 20);
    const bool wide = le16(header, 24) == 0x20b;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = 24 + optional + i * 40;
        if (!has_text(header, at, std::string_view("mods\0", 5)))
            continue;
        return read_modules(
            file.read(le32(header, at + 20), std::min<std::size_t>(le32(header, at + 16), modules_limit)),
            wide);
    }
    return std::nullopt;
}

std::optional<GrubProgram> read_grub_core(const ByteView& image) {
    // lzma_decompress.img begins with a jump; then both sizes follow (GRUB, i386/pc/startup_raw.S). The
    // sectors before it load it: one for a disk, four for a CD.
    constexpr std::size_t core_limit = 4 << 20;
    constexpr int decoded_limit = 8;
    int decoded = 0;
    const std::string bytes = image.read(0, core_limit);
    for (const std::size_t loader : {2560UL, 2048UL, 512UL, 0UL}) {
        const std::uint32_t packed = le32(bytes, loader + 8), whole = le32(bytes, loader + 12);
        if (packed < 1'000 || packed > bytes.size() || whole <= packed || whole > modules_limit)
            continue;
        // The compressed part is the last one. The decompressor before it varies in length.
        std::string properties("\x5d\0\0\1\0", 5);
        for (int i = 0; i < 8; ++i)
            properties += static_cast<char>(std::uint64_t{whole} >> (8 * i) & 0xff);
        for (std::size_t at = loader + 512; at + 1'000 < bytes.size() && at < loader + 8'192; ++at) {
            if (bytes[at] != 0 || at + packed > bytes.size() + 16)
                continue;
            const ByteView candidate = ByteView::of_memory(properties + bytes.substr(at, packed));
            Unpacked head(candidate, 4'096);
            const Stream peek = [&](std::span<char> buffer) { return head.read(buffer); };
            if (read_some(peek, 4'096).size() < 4'096)
                continue;
            Unpacked unpacked(candidate, whole);
            const Stream stream = [&](std::span<char> buffer) { return unpacked.read(buffer); };
            const std::string core = read_some(stream, whole);
            if (core.size() == whole)
                if (auto program = find_modules(core))
                    return program;
            if (++decoded > decoded_limit)
                return std::nullopt;
        }
    }
    return std::nullopt;
}

}  // namespace lktest
