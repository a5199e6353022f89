// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/guest_memory.hpp"

namespace lktest {

/// One message in the kernel's log.
struct LogRecord {
    std::uint64_t sequence = 0;
    std::chrono::nanoseconds time{};  ///< by the kernel's clock
    unsigned level = 0;               ///< 0 emergency … 7 debug
    unsigned facility = 0;            ///< 0 for the kernel; otherwise a program wrote it to /dev/kmsg
    std::string text;                 ///< as passed to printk: any bytes, maybe several lines

    bool operator==(const LogRecord&) const = default;
};

/// Offsets and sizes in bytes (kernel/printk/printk_ringbuffer.h). The defaults are those of
/// 64-bit kernels from 5.19 to 6.12.
struct PrintkLayout {
    // struct printk_ringbuffer with its embedded prb_desc_ring and prb_data_ring
    std::uint64_t count_bits = 0, descs = 8, infos = 16, head_id = 24, tail_id = 32;
    std::uint64_t size_bits = 48, data = 56;
    // struct prb_desc
    std::uint64_t desc_size = 24, state = 0, begin = 8, next = 16;
    // struct printk_info; facility and level follow the text's length
    std::uint64_t info_size = 88, sequence = 0, time = 8, text_length = 16;
};

/// Where a kernel's log is. All addresses are physical: each array is contiguous.
struct PrintkRing {
    PrintkLayout layout;
    std::uint64_t ring = 0;  ///< the struct printk_ringbuffer
    std::uint64_t descs = 0, infos = 0, data = 0;
    unsigned count_bits = 0;  ///< log2 of the number of descriptors
    unsigned size_bits = 0;   ///< log2 of the size of the text, in bytes
};

/// Limits of a plausible ring: 2^count_bits records, 2^size_bits bytes.
constexpr unsigned least_count_bits = 4, most_count_bits = 22;
constexpr unsigned least_size_bits = 10, most_size_bits = 31;

/// The contents of a log, from the oldest record on.
struct PrintkLog {
    std::vector<LogRecord> records;
    /// Where the next read begins.
    std::uint64_t next_id = 0;
};

/// Which records count.
enum class Unfinished {
    take,  ///< includes records that are not finished: for a paused kernel
    wait,  ///< stops at the first unfinished record: for reading again later
};

/// @param from  PrintkLog::next_id of the last read; if unset, begins at the oldest record
/// @return unset if the ring cannot be read, or is not a ring
std::optional<PrintkLog> read_printk(const GuestMemory& memory, const PrintkRing& ring, Unfinished unfinished,
                                     std::optional<std::uint64_t> from = std::nullopt);

/// The descriptors' identities from the oldest to the newest; unset if it is not a ring.
struct PrintkIds {
    std::uint64_t tail = 0, head = 0;
};
std::optional<PrintkIds> printk_ids(const GuestMemory& memory, const PrintkRing& ring);

/// Whether the descriptors are where the ring says: each one in use records its own position.
bool descriptors_agree(const GuestMemory& memory, const PrintkRing& ring);

}  // namespace lktest
