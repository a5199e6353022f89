// SPDX-License-Identifier: MIT
#include "harness/diagnose/symbol_file.hpp"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <string_view>
#include <vector>

#include "harness/diagnose/page_tables.hpp"

namespace lktest {
namespace {

enum Section : Elf64_Half { none, text, data, symbol_table, names, section_names, count };

/// Where each section's name begins in them.
constexpr std::string_view section_name_bytes{"\0.text\0.data\0.symtab\0.strtab\0.shstrtab\0", 39};
constexpr std::array<Elf64_Word, count> section_name_at{0, 1, 7, 13, 21, 29};

template <typename T>
void append(std::string& file, const T& value) {
    file.append(reinterpret_cast<const char*>(&value), sizeof value);
}

bool is_code(char type) {
    return std::tolower(static_cast<unsigned char>(type)) == 't' || type == 'W' || type == 'w';
}

/// The addresses of a kind of symbol, from the first to behind the last.
struct Extent {
    std::uint64_t begin = ~std::uint64_t{0}, end = 0;

    void take(std::uint64_t address) {
        constexpr std::uint64_t page = 4096;
        begin = std::min(begin, address);
        end = std::max(end, address + page);
    }
    std::uint64_t size() const { return end > begin ? end - begin : 0; }
};

}  // namespace

std::string symbol_file(const Symbols& symbols, Arch arch) {
    std::string strings(1, '\0');
    std::vector<Elf64_Sym> table(1);
    std::array<Extent, count> extents;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        const Symbols::Entry entry = symbols.at(i);
        if (!in_kernel_half(entry.address))  // numbers and offsets into each CPU's own memory
            continue;
        const bool code = is_code(entry.type);
        const Section section = code ? text : data;
        extents[section].take(entry.address);
        Elf64_Sym symbol{};
        symbol.st_name = static_cast<Elf64_Word>(strings.size());
        const bool global = std::isupper(static_cast<unsigned char>(entry.type)) != 0;
        symbol.st_info = static_cast<unsigned char>(
            ELF64_ST_INFO(global ? STB_GLOBAL : STB_LOCAL, code ? STT_FUNC : STT_OBJECT));
        symbol.st_shndx = section;
        symbol.st_value = entry.address;
        table.push_back(symbol);
        strings.append(entry.name).push_back('\0');
    }
    // ELF wants local symbols before global ones.
    const auto globals = std::stable_partition(table.begin() + 1, table.end(), [](const Elf64_Sym& symbol) {
        return ELF64_ST_BIND(symbol.st_info) == STB_LOCAL;
    });

    std::array<Elf64_Shdr, count> sections{};
    const auto describe = [&sections](Section section, Elf64_Word type, std::uint64_t offset,
                                      std::uint64_t size) {
        Elf64_Shdr& header = sections[section];
        header.sh_name = section_name_at[section];
        header.sh_type = type;
        header.sh_offset = offset;
        header.sh_size = size;
        header.sh_addralign = 1;
    };
    std::uint64_t at = sizeof(Elf64_Ehdr);
    for (const Section section : {text, data}) {
        describe(section, SHT_NOBITS, at, extents[section].size());
        sections[section].sh_addr = extents[section].size() == 0 ? 0 : extents[section].begin;
        sections[section].sh_flags = SHF_ALLOC | (section == text ? SHF_EXECINSTR : SHF_WRITE);
    }
    describe(symbol_table, SHT_SYMTAB, at, table.size() * sizeof(Elf64_Sym));
    sections[symbol_table].sh_link = names;
    sections[symbol_table].sh_info = static_cast<Elf64_Word>(globals - table.begin());
    sections[symbol_table].sh_entsize = sizeof(Elf64_Sym);
    sections[symbol_table].sh_addralign = alignof(Elf64_Sym);
    at += sections[symbol_table].sh_size;
    describe(names, SHT_STRTAB, at, strings.size());
    at += strings.size();
    describe(section_names, SHT_STRTAB, at, section_name_bytes.size());
    at += section_name_bytes.size();

    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = arch == Arch::x86_64 ? EM_X86_64 : EM_AARCH64;
    header.e_version = EV_CURRENT;
    header.e_shoff = at;
    header.e_ehsize = sizeof header;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = count;
    header.e_shstrndx = section_names;

    std::string file;
    append(file, header);
    for (const Elf64_Sym& symbol : table)
        append(file, symbol);
    file.append(strings).append(section_name_bytes);
    for (const Elf64_Shdr& section : sections)
        append(file, section);
    return file;
}

}  // namespace lktest
