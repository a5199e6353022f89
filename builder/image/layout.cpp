// SPDX-License-Identifier: MIT
#include "builder/image/layout.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace lktest {

Layout layout(Arch arch, PartitionTable table) {
    Layout layout;
    layout.table = table;
    if (is_pc(arch)) {
        layout.catalogue = "/isolinux/boot.cat";
        layout.bios = BiosBoot{"/isolinux/isolinux.bin", 4};
    } else {
        layout.catalogue = "/boot/boot.cat";
    }
    return layout;
}

std::string volume_uuid(std::int64_t time) {
    return fmt::format("{:%Y%m%d%H%M%S}00", fmt::gmtime(static_cast<std::time_t>(time)));
}

}  // namespace lktest
