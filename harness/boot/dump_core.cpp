// SPDX-License-Identifier: MIT
#include "harness/boot/dump_core.hpp"

#include <fmt/format.h>

#include "builder/base/error.hpp"
#include "harness/boot/elf_dump.hpp"
#include "harness/machine/core_file.hpp"

namespace lktest {
namespace {

/// The guest stands still while this lives.
class Paused {
public:
    explicit Paused(Domain& guest) : guest_(guest), ran_(guest.running()) { guest_.suspend(); }
    Paused(const Paused&) = delete;
    Paused& operator=(const Paused&) = delete;
    ~Paused() {
        try {
            if (ran_)
                guest_.resume();
        } catch (const Error&) {
            // It has gone, as whoever uses it next will be told.
        }
    }

private:
    Domain& guest_;
    bool ran_;
};

}  // namespace

std::string dump_core(Domain& guest, const Onlooker& onlooker, const std::filesystem::path& file) {
    if (file.extension() == ".elf") {
        const Paused paused(guest);
        return dump_elf(guest, onlooker, file);
    }
    guest.dump_core(file);
    if (const auto kernel = onlooker.description())
        describe_core(file, *kernel);
    return fmt::format("drgn -c {}", file.string());
}

}  // namespace lktest
