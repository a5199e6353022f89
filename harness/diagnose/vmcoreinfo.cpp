// SPDX-License-Identifier: MIT
#include "harness/diagnose/vmcoreinfo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>

namespace lktest {
namespace {

/// The text has its own page. It is not longer on kernels with larger pages.
constexpr std::size_t page = 4096;
constexpr std::size_t most_found = 16;
constexpr std::size_t most_first_keys = 1024;  // pages that begin like one

std::optional<std::uint64_t> integer(std::string_view text, int base) {
    const bool negative = text.starts_with('-');
    if (negative)
        text.remove_prefix(1);
    if (text.starts_with("0x")) {
        text.remove_prefix(2);
        base = 16;
    }
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return negative ? ~value + 1 : value;
}

/// Where the kernel maps its image on x86_64 (__START_KERNEL_map).
constexpr std::uint64_t x86_image = 0xffff'ffff'8000'0000;

}  // namespace

std::optional<Vmcoreinfo> Vmcoreinfo::parse(std::string_view text) {
    text = text.substr(0, text.find('\0'));
    Vmcoreinfo info;
    info.whole_ = text;
    bool names_a_symbol = false;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t equals = line.find('=');
        if (equals == line.npos)
            continue;
        info.values_.emplace(line.substr(0, equals), line.substr(equals + 1));
        names_a_symbol = names_a_symbol || line.starts_with("SYMBOL(");
    }
    if (!names_a_symbol || !info.text("OSRELEASE") || !info.text("PAGESIZE"))
        return std::nullopt;
    return info;
}

std::optional<std::string> Vmcoreinfo::text(const std::string& key) const {
    const auto found = values_.find(key);
    if (found == values_.end())
        return std::nullopt;
    return found->second;
}

std::optional<std::uint64_t> Vmcoreinfo::symbol(std::string_view name) const {
    const auto value = text(fmt::format("SYMBOL({})", name));
    return value ? integer(*value, 16) : std::nullopt;
}

std::optional<std::uint64_t> Vmcoreinfo::number(std::string_view name) const {
    const auto value = text(fmt::format("NUMBER({})", name));
    return value ? integer(*value, 10) : std::nullopt;
}

std::optional<std::uint64_t> Vmcoreinfo::offset(std::string_view member) const {
    const auto value = text(fmt::format("OFFSET({})", member));
    return value ? integer(*value, 10) : std::nullopt;
}

std::optional<std::uint64_t> Vmcoreinfo::size(std::string_view type) const {
    const auto value = text(fmt::format("SIZE({})", type));
    return value ? integer(*value, 10) : std::nullopt;
}

std::vector<Vmcoreinfo> find_vmcoreinfo(const GuestMemory& memory) {
    constexpr std::string_view first_key = "OSRELEASE=";
    std::vector<Vmcoreinfo> found;
    std::size_t first_keys = 0;
    for (const MemorySpan& span : memory.spans()) {
        const std::uint64_t to_page = (page - span.address % page) % page;
        for (std::uint64_t at = to_page; at + page <= span.bytes.size(); at += page) {
            if (std::memcmp(span.bytes.data() + at, first_key.data(), first_key.size()) != 0) [[likely]]
                continue;
            if (auto info = Vmcoreinfo::parse(memory.bytes_at(span.address + at, page)))
                found.push_back(std::move(*info));
            if (found.size() == most_found || ++first_keys == most_first_keys)
                return found;
        }
    }
    return found;
}

std::optional<std::uint64_t> image_offset_of(const Vmcoreinfo& kernel, Arch arch) {
    if (arch == Arch::aarch64)
        return kernel.number("kimage_voffset");
    const auto base = kernel.number("phys_base");
    return base ? std::optional(x86_image - *base) : std::nullopt;
}

namespace {

/// With 64 KiB pages, a kernel for 52-bit addresses has a top table of 1024 entries. On a CPU with 48 bits it
/// uses the last 64 of them (arch/arm64/mm/proc.S, TTBR1_BADDR_4852_OFFSET).
std::uint64_t unused_by_short_addresses(const PageTables& tables, std::uint64_t built_for) {
    constexpr unsigned page_shift = 16, below_top = 42;
    if (tables.page_shift != page_shift || built_for != 52 || tables.address_bits <= below_top ||
        tables.address_bits >= built_for)
        return 0;
    constexpr std::uint64_t entry = 8;
    return entry * ((std::uint64_t{1} << (built_for - below_top)) -
                    (std::uint64_t{1} << (tables.address_bits - below_top)));
}

}  // namespace

std::optional<PageTables> page_tables_of(const Vmcoreinfo& kernel, Arch arch) {
    const auto page_size = integer(*kernel.text("PAGESIZE"), 10);
    const auto top = kernel.symbol(arch == Arch::x86_64 ? "init_top_pgt" : "swapper_pg_dir");
    if (!page_size || !std::has_single_bit(*page_size) || !top)
        return std::nullopt;
    PageTables tables{.arch = arch, .page_shift = static_cast<unsigned>(std::countr_zero(*page_size))};
    const auto offset = image_offset_of(kernel, arch);
    if (!offset)
        return std::nullopt;
    tables.root = *top - *offset;
    if (arch == Arch::x86_64) {
        tables.address_bits = kernel.number("pgtable_l5_enabled").value_or(0) == 1 ? 57 : 48;
    } else {
        const auto unused_bits = kernel.number("TCR_EL1_T1SZ");
        if (!unused_bits || *unused_bits > 63)
            return std::nullopt;
        tables.address_bits = static_cast<unsigned>(64 - *unused_bits);
        tables.root += unused_by_short_addresses(tables, kernel.number("VA_BITS").value_or(0));
    }
    return tables;
}

}  // namespace lktest
