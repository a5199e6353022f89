// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

// Settings of the program lktest-box, which libvirt starts as QEMU, with all of lktest's privileges. It gives
// them up and becomes QEMU.

/// The environment variable that names the file with the settings. Without it, libvirt is only asking for
/// QEMU's capabilities, and the box is transparent.
inline constexpr const char* box_variable = "LKTEST_BOX";

/// A link next to the name that libvirt starts the box by; it points to the real program.
inline constexpr std::string_view box_program_link = "program";

/// The environment of one QEMU.
struct BoxSettings {
    std::string program{};  ///< the real QEMU
    std::string sealed{};   ///< an executable but unreadable copy of it, shown in its place
    uid_t uid = 0;          ///< its user and group from then on
    gid_t gid = 0;
    std::vector<gid_t> groups{};         ///< supplementary groups
    bool namespaces = true;              ///< false if they are not available: only the filter remains
    std::string root{};                  ///< an empty directory in which to build its file system
    std::vector<std::string> shown{};    ///< files and directories that it may read
    std::vector<std::string> owned{};    ///< files and directories that it may also write
    std::vector<std::string> devices{};  ///< below /dev, in addition to the harmless ones: "kvm"
    std::string state{};  ///< libvirt's directory: QEMU owns the files there that its arguments name
};

/// One line for each value.
std::string box_text(const BoxSettings& settings);

/// @return unset if the text does not come from box_text()
std::optional<BoxSettings> read_box_text(std::string_view text);

/// The paths below `directory` in an argument of QEMU, either in JSON or in QEMU's own syntax.
std::vector<std::string> paths_below(std::string_view directory, std::string_view argument);

}  // namespace lktest
