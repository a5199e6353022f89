// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "builder/inspect/unpack.hpp"

namespace lktest {

/// A kernel's build configuration: 'y' or 'm' by option, without options that are off.
class KernelConfig {
public:
    /// @param text  of /boot/config-VERSION or /proc/config.gz; at most 20 000 options are read
    static KernelConfig parse(std::string_view text);

    /// Whether it looks complete. A fragment does not allow conclusions about missing options.
    bool known() const { return options_.contains("CONFIG_BLK_DEV_INITRD") || options_.size() > 500; }
    bool built_in(std::string_view option) const;
    /// Built in or a module.
    bool has(std::string_view option) const { return options_.contains(option); }

private:
    std::map<std::string, char, std::less<>> options_;
};

/// The embedded configuration of a kernel with CONFIG_IKCONFIG=y; otherwise empty.
/// Reads the stream to its end, or to `limit`.
/// @param stream  of the unpacked kernel
std::string embedded_config(const Stream& stream, std::uint64_t limit);

}  // namespace lktest
