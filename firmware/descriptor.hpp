// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/problem.hpp"

namespace lktest {

/// One firmware image as its packager describes it: the part of QEMU's firmware
/// descriptor (docs/interop/firmware.json in QEMU's source) that choosing needs.
struct Descriptor {
    struct Target {
        std::string architecture;           ///< QEMU's name: "x86_64", "aarch64"
        std::vector<std::string> machines;  ///< shell patterns: "pc-q35-*", "virt-*"
    };
    std::filesystem::path file;           ///< the descriptor itself
    std::vector<std::string> interfaces;  ///< "bios", "uefi"
    std::string device;                   ///< mapping: "flash", "memory", "kernel"
    std::string mode = "split";  ///< of a flash: "split" (code and variables apart), "combined", "stateless"
    std::filesystem::path code;
    std::string code_format = "raw";
    std::filesystem::path variables;  ///< template of the variable store; empty when it has none
    std::string variables_format = "raw";
    std::vector<Target> targets;
    std::vector<std::string> features;  ///< "secure-boot", "enrolled-keys", "requires-smm"
};

/// Reads one descriptor. Returns nothing and says why when the text is not one;
/// keys that we do not use are passed over, whatever they hold.
/// @param file  names the descriptor in the problem; it is not opened
std::optional<Descriptor> parse_descriptor(const std::filesystem::path& file, std::string_view text,
                                           std::vector<Problem>& problems);

}  // namespace lktest
