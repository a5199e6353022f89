// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/problem.hpp"

namespace lktest {

/// A packager's description of one firmware image: the parts of QEMU's firmware descriptor
/// (docs/interop/firmware.json in QEMU's source) that matter for the choice.
struct Descriptor {
    struct Target {
        std::string architecture;           ///< QEMU's name: "x86_64", "aarch64"
        std::vector<std::string> machines;  ///< shell patterns: "pc-q35-*", "virt-*"
    };
    std::filesystem::path file;           ///< the descriptor itself
    std::vector<std::string> interfaces;  ///< "bios", "uefi"
    std::string device;                   ///< mapping: "flash", "memory", "kernel"
    std::string mode =
        "split";  ///< of a flash: "split" (separate code and variables), "combined", "stateless"
    std::filesystem::path code;
    std::string code_format = "raw";
    std::filesystem::path variables;  ///< template of the variable store; may be empty
    std::string variables_format = "raw";
    std::vector<Target> targets;
    std::vector<std::string> features;  ///< "secure-boot", "enrolled-keys", "requires-smm"
};

/// Reads one descriptor. If the text is not one, returns nothing and reports why. Ignores keys that we do not
/// use, whatever their values.
/// @param file  names the descriptor in the problem; it is not opened
std::optional<Descriptor> parse_descriptor(const std::filesystem::path& file, std::string_view text,
                                           std::vector<Problem>& problems);

}  // namespace lktest
