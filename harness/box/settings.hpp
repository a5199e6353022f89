// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

// What the program lktest-box is told. It stands between libvirt and QEMU: libvirt takes it for QEMU and
// starts it with all rights of lktest's; it gives them up, and becomes QEMU.

/// The environment variable that names the file with the settings. Without it the box is transparent:
/// libvirt only asks what this QEMU can do.
inline constexpr const char* box_variable = "LKTEST_BOX";

/// A link beside the name that libvirt starts the box by: to the real program.
inline constexpr std::string_view box_program_link = "program";

/// What one QEMU lives in.
struct BoxSettings {
    std::string program{};  ///< the real QEMU
    std::string sealed{};   ///< a copy of it that can be executed and not read; shown in its place
    uid_t uid = 0;          ///< its user and group, from then on
    gid_t gid = 0;
    std::vector<gid_t> groups{};         ///< further groups
    bool namespaces = true;              ///< false where there may be none: only the filter remains
    std::string root{};                  ///< an empty directory to build its file system on
    std::vector<std::string> shown{};    ///< files and directories that it may read
    std::vector<std::string> owned{};    ///< those that it may write to, too
    std::vector<std::string> devices{};  ///< below /dev, beside the harmless ones: "kvm"
    std::string state{};  ///< libvirt's directory: files there that QEMU's arguments name are its own
};

/// One line for each value.
std::string box_text(const BoxSettings& settings);

/// @return unset if the text is not what box_text() makes
std::optional<BoxSettings> read_box_text(std::string_view text);

/// The paths below `directory` that an argument of QEMU's names, be it in JSON or in QEMU's own syntax.
std::vector<std::string> paths_below(std::string_view directory, std::string_view argument);

}  // namespace lktest
