// SPDX-License-Identifier: MIT
#include "harness/diagnose/elf_core.hpp"

#include <algorithm>
#include <cstring>

#include "harness/diagnose/elf_header.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t page = 4096;
/// An ELF header cannot express 65,535 or more. If there are more ranges, the longest are kept.
constexpr std::size_t most_segments = 65'000;

/// A range within one piece of the memory.
struct Segment {
    MappedRange range;
    std::uint64_t offset = 0;  ///< in the memory's part of the file
};

std::vector<Segment> segments_of(const CoreContent& content) {
    std::vector<Segment> segments;
    for (const MappedRange& range : content.mapped)
        for (const RamRange& ram : content.ram) {
            const std::uint64_t begin = std::max(range.physical, ram.address);
            const std::uint64_t end = std::min(range.physical + range.size, ram.address + ram.size);
            if (begin < end)
                segments.push_back({{range.address + (begin - range.physical), begin, end - begin},
                                    ram.offset + (begin - ram.address)});
        }
    if (segments.size() > most_segments) {
        const auto size = [](const Segment& segment) { return segment.range.size; };
        std::ranges::nth_element(segments, segments.begin() + most_segments, std::ranges::greater{}, size);
        segments.resize(most_segments);
    }
    std::ranges::sort(segments, {}, [](const Segment& segment) { return segment.range.address; });
    return segments;
}

/// struct elf_prstatus: the thread's id at 32, the registers at 112, then a padded int.
std::string prstatus(const GeneralRegisters& registers, std::uint32_t thread) {
    constexpr std::size_t pid_at = 32, registers_at = 112;
    const std::size_t size = registers.size() * sizeof(std::uint64_t);
    std::string status(registers_at + size + sizeof(std::uint64_t), '\0');
    std::memcpy(status.data() + pid_at, &thread, sizeof thread);
    std::memcpy(status.data() + registers_at, registers.data(), size);
    return status;
}

std::string notes_of(const CoreContent& content) {
    std::string notes;
    std::uint32_t thread = 0;
    for (GeneralRegisters registers : content.cpus) {
        registers.resize(general_register_count(content.arch));
        notes += elf_note("CORE", NT_PRSTATUS, prstatus(registers, ++thread));
    }
    if (!content.vmcoreinfo.empty())
        notes += elf_note("VMCOREINFO", 0, content.vmcoreinfo);
    return notes;
}

}  // namespace

std::vector<MappedRange> at_physical_addresses(const std::vector<RamRange>& ram) {
    std::vector<MappedRange> ranges;
    for (const RamRange& range : ram)
        ranges.push_back({range.address, range.address, range.size});
    return ranges;
}

std::string elf_core_head(const CoreContent& content) {
    const std::vector<Segment> segments = segments_of(content);
    const std::string notes = notes_of(content);
    const std::uint64_t notes_at = sizeof(Elf64_Ehdr) + (segments.size() + 1) * sizeof(Elf64_Phdr);
    const std::uint64_t memory_at = (notes_at + notes.size() + page - 1) / page * page;

    Elf64_Ehdr header = elf_header(content.arch, ET_CORE);
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<Elf64_Half>(segments.size() + 1);

    std::string head;
    append_elf(head, header);
    append_elf(head, Elf64_Phdr{.p_type = PT_NOTE,
                                .p_flags = 0,
                                .p_offset = notes_at,
                                .p_vaddr = 0,
                                .p_paddr = 0,
                                .p_filesz = notes.size(),
                                .p_memsz = notes.size(),
                                .p_align = 4});
    for (const Segment& segment : segments)
        append_elf(head, Elf64_Phdr{.p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_W | PF_X,
                                    .p_offset = memory_at + segment.offset,
                                    .p_vaddr = segment.range.address,
                                    .p_paddr = segment.range.physical,
                                    .p_filesz = segment.range.size,
                                    .p_memsz = segment.range.size,
                                    .p_align = page});
    head += notes;
    head.resize(memory_at);
    return head;
}

std::string elf_note(std::string_view name, std::uint32_t type, std::string_view content) {
    std::string note;
    append_elf(note, Elf64_Nhdr{.n_namesz = static_cast<Elf64_Word>(name.size() + 1),
                                .n_descsz = static_cast<Elf64_Word>(content.size()),
                                .n_type = type});
    const auto pad = [&note] { note.resize((note.size() + 3) / 4 * 4); };
    note.append(name).push_back('\0');
    pad();
    note.append(content);
    pad();
    return note;
}

}  // namespace lktest
