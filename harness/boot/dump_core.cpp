// SPDX-License-Identifier: MIT
#include "harness/boot/dump_core.hpp"

#include "harness/machine/core_file.hpp"

namespace lktest {

void dump_core(const Domain& guest, const Onlooker& onlooker, const std::filesystem::path& file) {
    guest.dump_core(file);
    if (const auto kernel = onlooker.description())
        describe_core(file, *kernel);
}

}  // namespace lktest
