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

/// Copies a guest's RAM where it cannot be mapped, pages of zeros left out, at most `most` bytes of it.
/// @param peek  reads guest-physical memory, see Domain::Peek; what it cannot read stays empty
/// @return a file of memory; none when there is not a byte to be had
/// Throws a host Error when this machine has no room for it.
UniqueFd copy_memory(const std::function<std::string(std::uint64_t address, std::size_t size)>& peek,
                     const std::vector<RamRange>& layout, std::uint64_t most = std::uint64_t{8} << 30);

/// A guest's RAM, mapped for reading while the guest runs, and after it has gone.
class GuestRam {
public:
    /// @param file    of the memory, shared with QEMU
    /// @param layout  parts of it that the file does not have are left out
    /// Throws a host Error when it cannot be mapped.
    GuestRam(UniqueFd file, std::vector<RamRange> layout);
    GuestRam(GuestRam&& other) noexcept;
    GuestRam& operator=(GuestRam&&) = delete;
    ~GuestRam();

    /// What the guest, or whoever loaded it, has written until now: a look into a part that
    /// nobody wrote to would cost the host a page.
    GuestMemory written() const;
    /// All of it, for places that are known to be written to: to find out which are takes milliseconds.
    GuestMemory whole() const;
    /// The memory's file, and the bytes of it that are mapped.
    int file() const noexcept { return file_.get(); }
    std::size_t size() const noexcept { return size_; }
    /// Where it lies, as far as the file has it.
    const std::vector<RamRange>& layout() const noexcept { return layout_; }

private:
    UniqueFd file_;
    std::vector<RamRange> layout_;
    const std::byte* bytes_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace lktest
