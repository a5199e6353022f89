// SPDX-License-Identifier: MIT
#include "harness/diagnose/symbol_file.hpp"

#include <algorithm>
#include <cstring>
#include <ranges>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/diagnose/elf_header.hpp"
#include "harness/diagnose/page_tables.hpp"

namespace lktest {
namespace {

/// Where the name of each kind of section begins in `section_names`.
constexpr std::string_view section_name_bytes{"\0.text\0.data\0.symtab\0.strtab\0.shstrtab\0.debug_frame\0",
                                              52};
enum NameAt : Elf64_Word {
    text = 1,
    data = 7,
    symbol_table = 13,
    names = 21,
    section_names = 29,
    debug_frame = 39
};

/// A range whose symbols are all code, or all data: gdb looks a symbol up by the section that contains its
/// address.
struct Stretch {
    bool code = false;
    std::uint64_t begin = 0, end = 0;
};

/// A kernel has about five. With invalid data, the last one covers the rest.
constexpr std::size_t most_stretches = 1000;

void take(std::vector<Stretch>& stretches, std::uint64_t address, bool code) {
    constexpr std::uint64_t page = 4096;
    if (stretches.empty() || (stretches.back().code != code && stretches.size() < most_stretches)) {
        if (!stretches.empty())
            stretches.back().end = address;
        stretches.push_back({.code = code, .begin = address});
    }
    stretches.back().end = address + page;
}

}  // namespace

std::string symbol_file(const Symbols& symbols, Arch arch, const std::string& frames) {
    std::string strings(1, '\0');
    std::vector<Elf64_Sym> table(1);
    std::vector<Stretch> stretches;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        const Symbols::Entry entry = symbols.at(i);
        if (!in_kernel_half(entry.address))  // numbers and offsets into each CPU's own memory
            continue;
        const bool code = is_code(entry.type);
        take(stretches, entry.address, code);
        Elf64_Sym symbol{};
        symbol.st_name = static_cast<Elf64_Word>(strings.size());
        const bool global = std::isupper(static_cast<unsigned char>(entry.type)) != 0;
        symbol.st_info = static_cast<unsigned char>(
            ELF64_ST_INFO(global ? STB_GLOBAL : STB_LOCAL, code ? STT_FUNC : STT_OBJECT));
        symbol.st_shndx = static_cast<Elf64_Half>(stretches.size());  // after the null section
        symbol.st_value = entry.address;
        table.push_back(symbol);
        strings.append(entry.name).push_back('\0');
    }
    // Each symbol reaches up to the next, because gdb ignores data symbols without a size.
    std::uint64_t end = stretches.empty() ? 0 : stretches.back().end, next = end;
    for (Elf64_Sym& symbol : std::ranges::reverse_view(std::span(table).subspan(1))) {
        if (symbol.st_value < next)
            end = std::exchange(next, symbol.st_value);
        symbol.st_size = end - symbol.st_value;
    }
    // ELF wants local symbols before global ones.
    const auto globals = std::stable_partition(table.begin() + 1, table.end(), [](const Elf64_Sym& symbol) {
        return ELF64_ST_BIND(symbol.st_info) == STB_LOCAL;
    });

    std::vector<Elf64_Shdr> sections(1);
    std::uint64_t at = sizeof(Elf64_Ehdr);
    const auto add = [&sections, &at](NameAt name, Elf64_Word type, std::uint64_t size) -> Elf64_Shdr& {
        Elf64_Shdr& header = sections.emplace_back();
        header.sh_name = name;
        header.sh_type = type;
        header.sh_offset = at;
        header.sh_size = size;
        header.sh_addralign = 1;
        at += type == SHT_NOBITS ? 0 : size;
        return header;
    };
    for (const Stretch& stretch : stretches) {
        Elf64_Shdr& header = add(stretch.code ? text : data, SHT_NOBITS, stretch.end - stretch.begin);
        header.sh_addr = stretch.begin;
        header.sh_flags = SHF_ALLOC | (stretch.code ? SHF_EXECINSTR : SHF_WRITE);
    }
    Elf64_Shdr& symtab = add(symbol_table, SHT_SYMTAB, table.size() * sizeof(Elf64_Sym));
    symtab.sh_link = static_cast<Elf64_Word>(sections.size());  // the next one
    symtab.sh_info = static_cast<Elf64_Word>(globals - table.begin());
    symtab.sh_entsize = sizeof(Elf64_Sym);
    symtab.sh_addralign = alignof(Elf64_Sym);
    add(names, SHT_STRTAB, strings.size());
    add(section_names, SHT_STRTAB, section_name_bytes.size());
    const std::size_t name_section = sections.size() - 1;
    if (!frames.empty())
        add(debug_frame, SHT_PROGBITS, frames.size());

    Elf64_Ehdr header = elf_header(arch, ET_EXEC);
    header.e_shoff = at;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<Elf64_Half>(sections.size());
    header.e_shstrndx = static_cast<Elf64_Half>(name_section);

    std::string file;
    append_elf(file, header);
    for (const Elf64_Sym& symbol : table)
        append_elf(file, symbol);
    file.append(strings).append(section_name_bytes).append(frames);
    for (const Elf64_Shdr& section : sections)
        append_elf(file, section);
    return file;
}

}  // namespace lktest
