// SPDX-License-Identifier: MIT
#include "harness/boot/dump_core.hpp"

#include <fmt/format.h>

#include "harness/boot/elf_dump.hpp"
#include "harness/machine/core_file.hpp"
#include "harness/machine/runs_again.hpp"

namespace lktest {

std::string dump_core(Domain& guest, const Onlooker& onlooker, const std::filesystem::path& file) {
    if (file.extension() == ".elf") {
        const RunsAgain afterwards(guest);
        guest.suspend();
        return dump_elf(guest, onlooker, file);
    }
    guest.dump_core(file);
    if (const auto kernel = onlooker.description())
        describe_core(file, *kernel);
    return fmt::format("drgn -c {}", file.string());
}

}  // namespace lktest
