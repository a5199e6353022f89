// SPDX-License-Identifier: MIT
#include "builder/inspect/elf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "builder/base/error.hpp"

namespace lktest {
namespace {

struct KnownMachine {
    std::uint16_t machine;
    std::string_view name;
};

// e_machine values of the System V ABI registry that Debian has, or had, ports for.
constexpr std::array known_machines{
    KnownMachine{3, "x86"},         KnownMachine{8, "MIPS"},      KnownMachine{20, "PowerPC"},
    KnownMachine{21, "ppc64"},      KnownMachine{22, "s390"},     KnownMachine{40, "ARM"},
    KnownMachine{62, "x86_64"},     KnownMachine{183, "aarch64"}, KnownMachine{243, "RISC-V"},
    KnownMachine{258, "LoongArch"},
};

constexpr std::size_t header_size = 20;  // e_ident (16), e_type (2), e_machine (2)

}  // namespace

std::optional<ElfMachine> elf_machine_of(std::string_view bytes) {
    if (bytes.size() < header_size || !bytes.starts_with("\177ELF"))
        return std::nullopt;
    const auto byte = [bytes](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
    const bool big_endian = byte(5) == 2;  // EI_DATA: ELFDATA2MSB
    const unsigned low = byte(big_endian ? 19 : 18), high = byte(big_endian ? 18 : 19);
    return ElfMachine{static_cast<std::uint16_t>(high << 8 | low), byte(4) == 2};
}

std::string describe(const ElfMachine& machine) {
    const std::string bits = machine.is_64_bit ? "64-bit" : "32-bit";
    const auto known = std::ranges::find(known_machines, machine.machine, &KnownMachine::machine);
    return known == known_machines.end() ? fmt::format("{} machine {}", bits, machine.machine)
                                         : fmt::format("{} {}", bits, known->name);
}

void check_machine(const FileTree& tree, Arch arch, std::string_view what) {
    tree.walk([&](const std::string& path, const Inode& inode) {
        if (inode.type != NodeType::regular || inode.content.size() < header_size)
            return;
        std::array<char, header_size> header{};
        inode.content.read(0, std::as_writable_bytes(std::span(header)));
        const auto machine = elf_machine_of({header.data(), header.size()});
        if (machine && (machine->machine != elf_machine(arch) || !machine->is_64_bit))
            throw usage_error(fmt::format("{} in the {} is a {} program, but the image is for {}", path, what,
                                          describe(*machine), name(arch)),
                              fmt::format("use it from a package for {}, such as busybox-static:{}",
                                          debian_name(arch), debian_name(arch)));
    });
}

}  // namespace lktest
