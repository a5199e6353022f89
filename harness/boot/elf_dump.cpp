// SPDX-License-Identifier: MIT
#include "harness/boot/elf_dump.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/file.hpp"
#include "harness/boot/gdb.hpp"
#include "harness/boot/sparse_file.hpp"
#include "harness/diagnose/elf_core.hpp"
#include "harness/diagnose/look_inside.hpp"

namespace lktest {

namespace fs = std::filesystem;
namespace {

/// The offset of a physical address in the file's memory part.
std::uint64_t offset_of(std::uint64_t address, const std::vector<RamRange>& ram) {
    const auto range = std::ranges::find_if(
        ram, [address](const RamRange& one) { return address - one.address < one.size; });
    return range->offset + (address - range->address);
}

/// The virtual addresses of the kernel's memory.
std::vector<MappedRange> addresses_of(const GuestMemory& memory, const FoundKernel& kernel,
                                      const std::vector<RamRange>& ram) {
    if (kernel.tables)
        if (auto mapped = mapped_ranges(memory, *kernel.tables); !mapped.empty())
            return mapped;
    // Early kernels have no page tables that we can find, but the image, which holds the log, is known.
    std::vector<MappedRange> ranges = at_physical_addresses(ram);
    if (kernel.image_offset)
        for (const MemorySpan& span : memory.around_kernel(kernel.log.ring))
            ranges.push_back({span.address + *kernel.image_offset, span.address, span.bytes.size()});
    return ranges;
}

}  // namespace

std::string dump_elf(const Domain& guest, const Onlooker& onlooker, const fs::path& file) {
    const GuestRam& ram = onlooker.ram();
    const GuestMemory memory = ram.written();
    const auto kernel = onlooker.kernel(guest);
    const auto symbols = kernel ? kernel_symbols(memory, *kernel) : std::nullopt;

    CoreContent content{
        .arch = onlooker.arch(),
        .cpus = general_registers(guest.ask("info registers -a"), onlooker.arch()),
        .ram = ram.layout(),
        .mapped = kernel ? addresses_of(memory, *kernel, ram.layout()) : at_physical_addresses(ram.layout())};
    if (kernel && kernel->description)
        content.vmcoreinfo = kernel->description->whole();

    const std::string head = elf_core_head(content);
    SparseFile core(file);
    core.write(0, std::as_bytes(std::span(head)));
    for (const MemorySpan& span : memory.spans())
        core.write(head.size() + offset_of(span.address, content.ram), span.bytes);
    std::uint64_t end = 0;
    for (const RamRange& range : content.ram)
        end = std::max(end, range.offset + range.size);
    fs::path names = file;
    if (symbols)  // before the core is complete, because gdb distrusts symbols that are newer than their core
        write_file(names.replace_extension(".symbols.elf"),
                   kernel_symbol_file(memory, *kernel, *symbols, onlooker.arch()));
    core.commit(head.size() + end);

    const std::string_view gdb = gdb_for(onlooker.arch());
    return symbols ? fmt::format("{} {} {}", gdb, names.string(), file.string())
                   : fmt::format("{} -c {}", gdb, file.string());
}

}  // namespace lktest
