// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "builder/base/handle.hpp"
#include "harness/diagnose/guest_memory.hpp"
#include "harness/diagnose/ram_layout.hpp"

namespace lktest {

/// Copies a guest's RAM if it cannot be mapped: at most `most` bytes, without pages of zeros.
/// @param peek  reads guest-physical memory, see Domain::Peek; unreadable parts stay zero
/// @return a file in memory; unset if no byte could be read
/// Throws a host Error if this machine has too little memory.
UniqueFd copy_memory(const std::function<std::string(std::uint64_t address, std::size_t size)>& peek,
                     const std::vector<RamRange>& layout, std::uint64_t most = std::uint64_t{8} << 30);

/// A guest's RAM, mapped for reading while the guest runs, and after it has gone.
class GuestRam {
public:
    /// @param file    the memory, shared with QEMU
    /// @param layout  parts that are not in the file are dropped
    /// Throws a host Error if it cannot be mapped.
    GuestRam(UniqueFd file, std::vector<RamRange> layout);
    GuestRam(GuestRam&& other) noexcept;
    GuestRam& operator=(GuestRam&&) = delete;
    ~GuestRam();

    /// The parts that were written so far. Reading any other part would cost the host a page.
    GuestMemory written() const;
    /// All of it, for addresses that are known to be written. Finding out which are takes milliseconds.
    GuestMemory whole() const;
    /// The file of the memory, and the number of mapped bytes.
    int file() const noexcept { return file_.get(); }
    std::size_t size() const noexcept { return size_; }
    /// The layout of the parts that are in the file.
    const std::vector<RamRange>& layout() const noexcept { return layout_; }

private:
    UniqueFd file_;
    std::vector<RamRange> layout_;
    const std::byte* bytes_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace lktest
