// SPDX-License-Identifier: MIT
#include "harness/diagnose/find_printk.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <span>

namespace lktest {
namespace {

constexpr std::size_t most_candidates = 64;

/// The pointers in a struct printk_ringbuffer.
struct RingPointers {
    std::uint64_t descs = 0, infos = 0, data = 0;
};

/// Reads the struct's own numbers into `ring`.
std::optional<RingPointers> read_ring(const GuestMemory& memory, PrintkRing& ring) {
    const PrintkLayout& at = ring.layout;
    const auto count_bits = memory.value<std::uint32_t>(ring.ring + at.count_bits);
    const auto size_bits = memory.value<std::uint32_t>(ring.ring + at.size_bits);
    const auto descs = memory.value<std::uint64_t>(ring.ring + at.descs);
    const auto infos = memory.value<std::uint64_t>(ring.ring + at.infos);
    const auto data = memory.value<std::uint64_t>(ring.ring + at.data);
    if (!count_bits || !size_bits || !descs || !infos || !data)
        return std::nullopt;
    if (*count_bits < least_count_bits || *count_bits > most_count_bits || *size_bits < least_size_bits ||
        *size_bits > most_size_bits)
        return std::nullopt;
    if (!in_kernel_half(*descs) || !in_kernel_half(*infos) || !in_kernel_half(*data))
        return std::nullopt;
    ring.count_bits = *count_bits;
    ring.size_bits = *size_bits;
    return RingPointers{*descs, *infos, *data};
}

bool place(const GuestMemory& memory, const PageTables& tables, const RingPointers& pointers,
           PrintkRing& ring) {
    const auto descs = translate(memory, tables, pointers.descs);
    const auto infos = translate(memory, tables, pointers.infos);
    const auto data = translate(memory, tables, pointers.data);
    if (!descs || !infos || !data)
        return false;
    ring.descs = *descs;
    ring.infos = *infos;
    ring.data = *data;
    return descriptors_agree(memory, ring);
}

/// An offset or size that the kernel names, or else the default.
struct Reader {
    const Vmcoreinfo& kernel;
    std::uint64_t offset(std::string_view member, std::uint64_t otherwise) const {
        return small(kernel.offset(member).value_or(otherwise), otherwise);
    }
    std::uint64_t size(std::string_view type, std::uint64_t otherwise) const {
        return small(kernel.size(type).value_or(otherwise), otherwise);
    }
    /// The structures of the log are smaller than this.
    static std::uint64_t small(std::uint64_t value, std::uint64_t otherwise) {
        return value <= 4096 ? value : otherwise;
    }
};

PrintkLayout layout_of(const Vmcoreinfo& kernel) {
    const Reader read{kernel};
    const PrintkLayout usual;
    const std::uint64_t ring = read.offset("printk_ringbuffer.desc_ring", 0);
    const std::uint64_t text = read.offset("printk_ringbuffer.text_data_ring", usual.size_bits);
    const std::uint64_t block = read.offset("prb_desc.text_blk_lpos", usual.begin);
    PrintkLayout layout;
    layout.count_bits = ring + read.offset("prb_desc_ring.count_bits", usual.count_bits);
    layout.descs = ring + read.offset("prb_desc_ring.descs", usual.descs);
    layout.infos = ring + read.offset("prb_desc_ring.infos", usual.infos);
    layout.head_id = ring + read.offset("prb_desc_ring.head_id", usual.head_id);
    layout.tail_id = ring + read.offset("prb_desc_ring.tail_id", usual.tail_id);
    layout.size_bits = text + read.offset("prb_data_ring.size_bits", 0);
    layout.data = text + read.offset("prb_data_ring.data", 8);
    layout.desc_size = std::max<std::uint64_t>(read.size("prb_desc", usual.desc_size), 1);
    layout.state = read.offset("prb_desc.state_var", usual.state);
    layout.begin = block + read.offset("prb_data_blk_lpos.begin", 0);
    layout.next = block + read.offset("prb_data_blk_lpos.next", 8);
    layout.info_size = std::max<std::uint64_t>(read.size("printk_info", usual.info_size), 1);
    layout.sequence = read.offset("printk_info.seq", usual.sequence);
    layout.time = read.offset("printk_info.ts_nsec", usual.time);
    layout.text_length = read.offset("printk_info.text_len", usual.text_length);
    return layout;
}

std::optional<FoundKernel> by_vmcoreinfo(const GuestMemory& memory, const Vmcoreinfo& kernel, Arch arch) {
    const auto tables = page_tables_of(kernel, arch);
    const auto prb = kernel.symbol("prb");  // a pointer: the log moves once, to newly allocated memory
    if (!tables || !prb)
        return std::nullopt;
    const auto pointer = translate(memory, *tables, *prb);
    const auto address = pointer ? memory.value<std::uint64_t>(*pointer) : std::nullopt;
    const auto ring_at = address ? translate(memory, *tables, *address) : std::nullopt;
    if (!ring_at)
        return std::nullopt;
    FoundKernel found;
    found.release = *kernel.text("OSRELEASE");
    found.tables = tables;
    found.by_vmcoreinfo = true;
    found.description = kernel;
    found.image_offset = image_offset_of(kernel, arch);
    found.log.layout = layout_of(kernel);
    found.log.ring = *ring_at;
    const auto pointers = read_ring(memory, found.log);
    if (!pointers || !place(memory, *tables, *pointers, found.log))
        return std::nullopt;
    return found;
}

/// Finds the arrays of a log in the kernel's image without page tables. The image is contiguous and moved by
/// multiples of 64 KiB, so the descriptors can be in a few places only.
bool place_beside(const GuestMemory& memory, const RingPointers& pointers, PrintkRing& ring) {
    constexpr std::int64_t step = 1 << 16, steps = 64;
    const std::uint64_t nearest =
        (ring.ring & ~std::uint64_t{step - 1}) | (pointers.descs & std::uint64_t{step - 1});
    for (std::int64_t i = 0; i <= 2 * steps; ++i) {
        const std::int64_t away = i % 2 == 0 ? i / 2 : -(i + 1) / 2;
        ring.descs = nearest + static_cast<std::uint64_t>(away * step);
        ring.infos = ring.descs + (pointers.infos - pointers.descs);
        ring.data = ring.descs + (pointers.data - pointers.descs);
        if (descriptors_agree(memory, ring))
            return true;
    }
    return false;
}

/// Whether these words can be a struct printk_ringbuffer whose text ring begins at words[text].
bool looks_like_a_ring(std::span<const std::uint64_t, 11> words, std::size_t text) {
    const std::uint64_t count_bits = words[0], size_bits = words[text];
    if (size_bits < least_size_bits || size_bits > most_size_bits || size_bits < count_bits ||
        size_bits > count_bits + 8)  // PRB_AVGBITS is 5 in Linux
        return false;
    if (!in_kernel_half(words[1]) || !in_kernel_half(words[2]) || !in_kernel_half(words[text + 1]))
        return false;
    return words[3] >= words[4] && words[3] - words[4] < std::uint64_t{1} << count_bits &&
           words[text + 2] - words[text + 3] <= std::uint64_t{1} << size_bits;
}

/// Calls `see` with the address and layout of everything that has the shape of a log.
void scan_for_rings(const GuestMemory& memory,
                    const std::function<bool(std::uint64_t, const PrintkLayout&)>& see) {
    for (const MemorySpan& span : memory.spans()) {
        const std::byte* bytes = span.bytes.data();
        for (std::size_t at = (8 - span.address % 8) % 8; at + 88 <= span.bytes.size(); at += 8) {
            std::uint64_t first = 0;
            std::memcpy(&first, bytes + at, sizeof first);
            if (first < least_count_bits || first > most_count_bits) [[likely]]
                continue;
            std::array<std::uint64_t, 11> words;
            std::memcpy(words.data(), bytes + at, sizeof words);
            for (const std::size_t text : {std::size_t{6}, std::size_t{5}}) {  // before 5.19: 5
                if (words[0] != first || !looks_like_a_ring(words, text))
                    continue;
                PrintkLayout layout;
                layout.size_bits = text * 8;
                layout.data = text * 8 + 8;
                if (!see(span.address + at, layout))
                    return;
            }
        }
    }
}

std::vector<FoundKernel> by_shape(const GuestMemory& memory, const std::optional<PageTables>& hint) {
    std::vector<FoundKernel> found;
    std::size_t candidates = 0;
    scan_for_rings(memory, [&](std::uint64_t address, const PrintkLayout& layout) {
        FoundKernel kernel;
        kernel.log.layout = layout;
        kernel.log.ring = address;
        const auto pointers = read_ring(memory, kernel.log);
        if (pointers && ((hint && place(memory, *hint, *pointers, kernel.log)) ||
                         place_beside(memory, *pointers, kernel.log))) {
            kernel.tables = hint;
            kernel.image_offset = pointers->descs - kernel.log.descs;
            found.push_back(std::move(kernel));
        }
        return ++candidates < most_candidates;
    });
    return found;
}

std::uint64_t records_in(const GuestMemory& memory, const FoundKernel& kernel) {
    const auto ids = printk_ids(memory, kernel.log);
    return ids ? ids->head - ids->tail : 0;
}

std::vector<FoundKernel> described(const GuestMemory& memory, Arch arch) {
    std::vector<FoundKernel> found;
    for (const Vmcoreinfo& kernel : find_vmcoreinfo(memory))
        if (auto log = by_vmcoreinfo(memory, kernel, arch))
            found.push_back(std::move(*log));
    return found;
}

}  // namespace

std::optional<FoundKernel> find_described_kernel(const GuestMemory& memory, Arch arch) {
    std::vector<FoundKernel> found = described(memory, arch);
    if (found.empty())
        return std::nullopt;
    return std::move(found.front());
}

std::vector<FoundKernel> find_kernels(const GuestMemory& memory, Arch arch,
                                      const std::optional<PageTables>& hint) {
    std::vector<FoundKernel> found = described(memory, arch);
    if (found.empty())
        found = by_shape(memory, hint);
    std::ranges::stable_sort(found, std::ranges::greater{},
                             [&](const FoundKernel& kernel) { return records_in(memory, kernel); });
    return found;
}

}  // namespace lktest
