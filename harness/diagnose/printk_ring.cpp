// SPDX-License-Identifier: MIT
#include "harness/diagnose/printk_ring.hpp"

#include <algorithm>

namespace lktest {
namespace {

// The two upper bits of a descriptor's state_var are its state, the rest its identity (DESC_STATE, DESC_ID).
constexpr unsigned state_shift = 62;
constexpr std::uint64_t id_mask = (std::uint64_t{1} << state_shift) - 1;
constexpr std::uint64_t most_records = 256 << 10;
constexpr std::uint64_t most_compared = 4096;  // of the newest descriptors: random memory disagrees at once
constexpr std::size_t most_text = 64 << 20;
enum State : std::uint64_t { reserved = 0, committed = 1, finalized = 2, reusable = 3 };

struct Descriptor {
    std::uint64_t state = 0;
    std::uint64_t id = 0;
    std::uint64_t begin = 0, next = 0;  ///< logical positions in the text
};

std::uint64_t slot(const PrintkRing& ring, std::uint64_t id) {
    return id & ((std::uint64_t{1} << ring.count_bits) - 1);
}

std::optional<Descriptor> descriptor(const GuestMemory& memory, const PrintkRing& ring, std::uint64_t id) {
    const std::uint64_t at = ring.descs + slot(ring, id) * ring.layout.desc_size;
    const auto state = memory.value<std::uint64_t>(at + ring.layout.state);
    const auto begin = memory.value<std::uint64_t>(at + ring.layout.begin);
    const auto next = memory.value<std::uint64_t>(at + ring.layout.next);
    if (!state || !begin || !next)
        return std::nullopt;
    return Descriptor{*state >> state_shift, *state & id_mask, *begin, *next};
}

/// The text of a record. Its block begins with the identity of its descriptor. A block that does
/// not fit before the end of the array is at the array's beginning (get_data()).
std::string text_of(const GuestMemory& memory, const PrintkRing& ring, const Descriptor& descriptor,
                    std::size_t length) {
    const std::uint64_t size = std::uint64_t{1} << ring.size_bits;
    const std::uint64_t begin = descriptor.begin, next = descriptor.next;
    if ((begin & 1) != 0)  // without a block: an empty line, or there was not enough room
        return {};
    const bool wrapped = begin >> ring.size_bits != next >> ring.size_bits && (next & (size - 1)) != 0;
    const std::uint64_t at = wrapped ? 0 : begin & (size - 1);
    std::uint64_t block = wrapped ? next & (size - 1) : next - begin;
    block = std::min(block, size - at);
    if (block < 8 || memory.value<std::uint64_t>(ring.data + at) != descriptor.id)
        return {};
    return memory.bytes_at(ring.data + at + 8,
                           static_cast<std::size_t>(std::min<std::uint64_t>(length, block - 8)));
}

std::optional<LogRecord> record(const GuestMemory& memory, const PrintkRing& ring,
                                const Descriptor& descriptor) {
    const std::uint64_t at = ring.infos + slot(ring, descriptor.id) * ring.layout.info_size;
    const std::uint64_t length_at = at + ring.layout.text_length;
    const auto sequence = memory.value<std::uint64_t>(at + ring.layout.sequence);
    const auto time = memory.value<std::uint64_t>(at + ring.layout.time);
    const auto length = memory.value<std::uint16_t>(length_at);
    const auto facility = memory.value<std::uint8_t>(length_at + 2);
    const auto flags = memory.value<std::uint8_t>(length_at + 3);  // flags:5, level:3
    if (!sequence || !time || !length || !facility || !flags)
        return std::nullopt;
    return LogRecord{.sequence = *sequence,
                     .time = std::chrono::nanoseconds(*time & 0x7fff'ffff'ffff'ffff),
                     .level = static_cast<unsigned>(*flags >> 5),
                     .facility = *facility,
                     .text = text_of(memory, ring, descriptor, *length)};
}

}  // namespace

std::optional<PrintkIds> printk_ids(const GuestMemory& memory, const PrintkRing& ring) {
    const auto head = memory.value<std::uint64_t>(ring.ring + ring.layout.head_id);
    const auto tail = memory.value<std::uint64_t>(ring.ring + ring.layout.tail_id);
    if (!head || !tail)
        return std::nullopt;
    const PrintkIds ids{.tail = *tail & id_mask, .head = *head & id_mask};
    if (((ids.head - ids.tail) & id_mask) >> ring.count_bits != 0)
        return std::nullopt;
    return ids;
}

std::optional<PrintkLog> read_printk(const GuestMemory& memory, const PrintkRing& ring, Unfinished unfinished,
                                     std::optional<std::uint64_t> from) {
    const auto ids = printk_ids(memory, ring);
    if (!ids)
        return std::nullopt;
    std::uint64_t id = ids->tail;
    const std::uint64_t count = (ids->head - ids->tail + 1) & id_mask;
    if (count > most_records)
        id = (ids->head + 1 - most_records) & id_mask;
    // Records read earlier are not read again. Identities outside the ring belong to another boot.
    if (from && ((*from - ids->tail) & id_mask) <= count)
        id = *from & id_mask;

    PrintkLog log;
    std::size_t text = 0;
    for (; id != ((ids->head + 1) & id_mask); id = (id + 1) & id_mask) {
        const auto found = descriptor(memory, ring, id);
        if (!found)
            return std::nullopt;
        const bool done = found->id == id && found->state == finalized;
        const bool usable = done || (found->id == id && found->state == committed);
        if (unfinished == Unfinished::wait && found->id == id && !done && found->state != reusable)
            break;
        if (!usable)
            continue;
        auto read = record(memory, ring, *found);
        text += read ? read->text.size() : 0;
        if (text > most_text)
            break;
        // The kernel may have reused the descriptor for a newer record meanwhile.
        const auto again = descriptor(memory, ring, id);
        if (read && again && again->id == id && again->state != reusable)
            log.records.push_back(std::move(*read));
    }
    log.next_id = id;
    return log;
}

bool descriptors_agree(const GuestMemory& memory, const PrintkRing& ring) {
    const auto ids = printk_ids(memory, ring);
    if (!ids)
        return false;
    const std::uint64_t count = (ids->head - ids->tail) & id_mask;
    std::uint64_t id = (ids->head - std::min(count, most_compared)) & id_mask;
    for (; id != ((ids->head + 1) & id_mask); id = (id + 1) & id_mask) {
        const auto found = descriptor(memory, ring, id);
        // The newest ones may be incomplete; anything that is not a ring disagrees at once.
        if (!found || (found->id != id && ((ids->head - id) & id_mask) > 2))
            return false;
        if (found->id != id && ids->head == ids->tail)
            return false;
    }
    return true;
}

}  // namespace lktest
