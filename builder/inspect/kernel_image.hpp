// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "builder/inspect/byte_view.hpp"
#include "builder/inspect/kernel_config.hpp"

namespace lktest {

/// A Linux kernel in a format that boot loaders accept.
struct KernelImage {
    std::string format;   ///< "bzImage", "Image", "gzip Image", "EFI zboot (gzip)", "EFI program"
    std::string machine;  ///< "x86_64", "aarch64", "i386", …; empty when unknown
    std::string version;  ///< "6.1.0-13-amd64"; empty if it was not found
    bool efi_stub = false;
    bool cut = false;       ///< it is shorter than its header says
    std::string damage{};   ///< why a bzImage's compressed kernel does not unpack; empty if it does, or if
                            ///< that is unknown
    KernelConfig config{};  ///< embedded; see KernelConfig::known()
    std::uint64_t page_size = 0;  ///< of arm64, in bytes; 0 if the header does not say
};

/// Unset if the file is not a kernel that x86 or aarch64 machines boot.
std::optional<KernelImage> read_kernel(const ByteView& file);

}  // namespace lktest
