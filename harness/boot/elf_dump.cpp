// SPDX-License-Identifier: MIT
#include "harness/boot/elf_dump.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "builder/base/file.hpp"
#include "harness/boot/gdb.hpp"
#include "harness/diagnose/elf_core.hpp"
#include "harness/diagnose/look_inside.hpp"
#include "harness/diagnose/symbol_file.hpp"

namespace lktest {

namespace fs = std::filesystem;
namespace {

/// A file that only its owner can read, because it holds all of the guest's memory.
class SparseFile {
public:
    explicit SparseFile(const fs::path& path)
        : path_(path),
          whole_(path),
          fd_(::open(whole_.temporary().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
        if (!fd_)
            fail();
    }

    void write(std::uint64_t at, std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const ssize_t count = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
            if (count < 0)
                fail();
            bytes = bytes.subspan(static_cast<std::size_t>(count));
            at += static_cast<std::uint64_t>(count);
        }
    }
    void commit(std::uint64_t size) {
        if (::ftruncate(fd_.get(), static_cast<off_t>(size)) < 0)
            fail();
        whole_.commit();
    }

private:
    [[noreturn]] void fail() const {
        const int error = errno;
        throw system_error(fmt::format("cannot write the guest's memory to {}", path_.string()), error);
    }

    fs::path path_;
    AtomicFile whole_;
    UniqueFd fd_;
};

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
        write_file(names.replace_extension(".symbols.elf"), symbol_file(*symbols, onlooker.arch()));
    core.commit(head.size() + end);

    const std::string_view gdb = gdb_for(onlooker.arch());
    return symbols ? fmt::format("{} {} {}", gdb, names.string(), file.string())
                   : fmt::format("{} -c {}", gdb, file.string());
}

}  // namespace lktest
