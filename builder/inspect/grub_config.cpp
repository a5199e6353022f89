// SPDX-License-Identifier: MIT
#include <algorithm>

#include "builder/inspect/boot_config.hpp"
#include "builder/inspect/grub_run.hpp"
#include "builder/inspect/limits.hpp"

namespace lktest {

BootConfig parse_grub(std::string_view text) {
    // The medium is unknown, so every path may exist.
    const IsoTree nothing;
    const Volumes volumes(nothing, "", "");
    GrubStart start;
    start.root = Volumes::iso;
    start.known = false;
    GrubOutcome outcome = run_grub_text(volumes, start, text);
    BootConfig config;
    for (GrubEntry& entry : outcome.entries)
        for (GrubLoad& load : entry.loads) {
            add_labels(config, load.said.command_line, load.said.kernel.line);
            config.entries.push_back(std::move(load.said));
        }
    for (GrubConfigRead& read : outcome.configs) {
        for (LabelUse& use : read.searches)
            config.labels.push_back(std::move(use));
        std::ranges::copy(read.efi_commands, std::back_inserter(config.efi_commands));
    }
    return config;
}

}  // namespace lktest
