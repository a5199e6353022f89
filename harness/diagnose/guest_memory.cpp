// SPDX-License-Identifier: MIT
#include "harness/diagnose/guest_memory.hpp"

#include <algorithm>

namespace lktest {
namespace {

bool is_continued_by(const MemorySpan& first, const MemorySpan& next) {
    return first.address + first.bytes.size() == next.address &&
           first.bytes.data() + first.bytes.size() == next.bytes.data();
}

}  // namespace

GuestMemory::GuestMemory(std::vector<MemorySpan> spans) {
    std::erase_if(spans, [](const MemorySpan& span) { return span.bytes.empty(); });
    std::ranges::sort(spans, {}, &MemorySpan::address);
    for (const MemorySpan& span : spans) {
        if (!spans_.empty() && is_continued_by(spans_.back(), span)) {
            const std::span<const std::byte> first = spans_.back().bytes;
            spans_.back().bytes = {first.data(), first.size() + span.bytes.size()};
        } else {
            spans_.push_back(span);
        }
    }
}

const MemorySpan* GuestMemory::span_of(std::uint64_t address) const {
    const auto behind = std::ranges::upper_bound(spans_, address, {}, &MemorySpan::address);
    if (behind == spans_.begin())
        return nullptr;
    const MemorySpan& span = *std::prev(behind);
    return address - span.address < span.bytes.size() ? &span : nullptr;
}

bool GuestMemory::read(std::uint64_t address, std::span<std::byte> into) const {
    while (!into.empty()) {
        const MemorySpan* span = span_of(address);
        if (!span)
            return false;
        const std::span<const std::byte> there =
            span->bytes.subspan(static_cast<std::size_t>(address - span->address));
        const std::size_t count = std::min(there.size(), into.size());
        std::memcpy(into.data(), there.data(), count);
        into = into.subspan(count);
        address += count;
    }
    return true;
}

std::string GuestMemory::bytes_at(std::uint64_t address, std::size_t size) const {
    std::string text;
    while (text.size() < size) {
        const MemorySpan* span = span_of(address);
        if (!span)
            break;
        const std::span<const std::byte> there =
            span->bytes.subspan(static_cast<std::size_t>(address - span->address));
        const std::size_t count = std::min(there.size(), size - text.size());
        text.append(reinterpret_cast<const char*>(there.data()), count);
        address += count;
    }
    return text;
}

std::vector<MemorySpan> GuestMemory::around_kernel(std::uint64_t address) const {
    constexpr std::uint64_t reach = 64 << 20;
    const std::uint64_t low = address > reach ? address - reach : 0, high = address + reach;
    std::vector<MemorySpan> parts;
    for (const MemorySpan& span : spans_) {
        const std::uint64_t begin = std::max(span.address, low);
        const std::uint64_t end = std::min(span.address + span.bytes.size(), high);
        if (begin < end)
            parts.push_back({begin, span.bytes.subspan(static_cast<std::size_t>(begin - span.address),
                                                       static_cast<std::size_t>(end - begin))});
    }
    return parts;
}

std::uint64_t GuestMemory::size() const {
    std::uint64_t sum = 0;
    for (const MemorySpan& span : spans_)
        sum += span.bytes.size();
    return sum;
}

}  // namespace lktest
