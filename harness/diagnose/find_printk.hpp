// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/page_tables.hpp"
#include "harness/diagnose/printk_ring.hpp"
#include "harness/diagnose/vmcoreinfo.hpp"

namespace lktest {

/// A kernel that was found in memory by its log.
struct FoundKernel {
    PrintkRing log;
    std::string release;               ///< "6.1.0-32-amd64"; empty when it is not known
    std::optional<PageTables> tables;  ///< of its own half; nothing when they are not known
    bool by_vmcoreinfo = false;        ///< else by the shape of its log alone
    /// How it describes itself; only if by_vmcoreinfo.
    std::optional<Vmcoreinfo> description{};
    /// Of its image: virtual address less physical.
    std::optional<std::uint64_t> image_offset{};
};

/// The kernel that has described itself by VMCOREINFO; costs a glance at each page.
std::optional<FoundKernel> find_described_kernel(const GuestMemory& memory, Arch arch);

/// Looks for a kernel's log: by VMCOREINFO where that exists, else by its shape, which a log has
/// from start_kernel on. Best first: of several that with the newest records, for a guest that
/// was reset holds the logs of earlier boots.
/// @param hint  the CPU's own page tables, when they are known
std::vector<FoundKernel> find_kernels(const GuestMemory& memory, Arch arch,
                                      const std::optional<PageTables>& hint = std::nullopt);

}  // namespace lktest
