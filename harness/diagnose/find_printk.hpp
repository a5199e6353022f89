// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/page_tables.hpp"
#include "harness/diagnose/printk_ring.hpp"
#include "harness/diagnose/vmcoreinfo.hpp"

namespace lktest {

/// A kernel found in memory by its log.
struct FoundKernel {
    PrintkRing log;
    std::string release;               ///< "6.1.0-32-amd64"; empty if unknown
    std::optional<PageTables> tables;  ///< of the kernel's half; unset if unknown
    bool by_vmcoreinfo = false;        ///< otherwise found only by the shape of its log
    /// Only if by_vmcoreinfo.
    std::optional<Vmcoreinfo> description{};
    /// The image's virtual address minus its physical one.
    std::optional<std::uint64_t> image_offset{};
};

/// The kernel with a VMCOREINFO; looks at each page once.
std::optional<FoundKernel> find_described_kernel(const GuestMemory& memory, Arch arch);

/// Looks for kernel logs: by VMCOREINFO if it exists, otherwise by shape, which a log has from start_kernel
/// on. The log with the newest records comes first, because a guest that was reset also holds the logs of
/// earlier boots.
/// @param hint  the CPU's own page tables, if known
std::vector<FoundKernel> find_kernels(const GuestMemory& memory, Arch arch,
                                      const std::optional<PageTables>& hint = std::nullopt);

}  // namespace lktest
