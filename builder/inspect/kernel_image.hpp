// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "builder/inspect/byte_view.hpp"
#include "builder/inspect/kernel_config.hpp"

namespace lktest {

/// A Linux kernel as boot loaders take it.
struct KernelImage {
    std::string format;   ///< "bzImage", "Image", "gzip Image", "EFI zboot (gzip)", "EFI program"
    std::string machine;  ///< "x86_64", "aarch64", "i386", …; empty when unknown
    std::string version;  ///< "6.1.0-13-amd64"; empty when it is not to be found
    bool efi_stub = false;
    bool cut = false;      ///< it is shorter than its header says
    std::string damage{};  ///< why a bzImage's packed kernel does not unpack; empty: it does, or nobody knows
    KernelConfig config{};        ///< that it carries; see KernelConfig::known()
    std::uint64_t page_size = 0;  ///< of arm64, bytes; 0: it does not say
};

/// Nothing when the file is no kernel that x86 or aarch64 machines boot.
std::optional<KernelImage> read_kernel(const ByteView& file);

}  // namespace lktest
