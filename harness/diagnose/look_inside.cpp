// SPDX-License-Identifier: MIT
#include "harness/diagnose/look_inside.hpp"

#include <fmt/format.h>

#include "harness/diagnose/backtrace.hpp"
#include "harness/diagnose/call_frames.hpp"
#include "harness/diagnose/disassembly.hpp"
#include "harness/diagnose/efi_images.hpp"
#include "harness/diagnose/kallsyms.hpp"
#include "harness/diagnose/symbol_file.hpp"

namespace lktest {
namespace {

/// The function's instructions up to the one in question, and some after it.
std::vector<std::string> code_at(std::uint64_t pc, const AddressSpace& space, const Symbols& symbols,
                                 Arch arch) {
    constexpr std::uint64_t most = 4096, behind = 64;
    const auto function = symbols.function_at(pc);
    const std::uint64_t before = function && function->offset <= most ? function->offset : 0;
    const std::string bytes = space.bytes_at(pc - before, static_cast<std::size_t>(before + behind));
    return disassemble(arch, bytes, pc - before, pc);
}

std::optional<Backtrace> look_at(const CpuState& cpu, const AddressSpace& space, const Symbols& symbols,
                                 Arch arch) {
    if (cpu.mode != CpuState::Mode::system)
        return std::nullopt;
    const UnwindFrom from{.pc = cpu.pc, .sp = cpu.sp, .frame = cpu.frame, .return_to = cpu.return_to};
    Backtrace found{.cpu = cpu.index, .frames = backtrace(space, symbols, arch, from), .code = {}};
    if (found.frames.empty())
        return std::nullopt;
    found.code = code_at(cpu.pc, space, symbols, arch);
    return found;
}

AddressSpace space_of(const GuestMemory& memory, const FoundKernel& kernel) {
    return {.memory = &memory, .tables = kernel.tables, .image_offset = kernel.image_offset};
}

/// A physical address in the kernel's image. Before VMCOREINFO exists, the log is in the image. Later it may
/// not be, but then VMCOREINFO names symbols.
std::uint64_t place_in_image(const FoundKernel& kernel) {
    if (kernel.description && kernel.image_offset)
        if (const auto text = kernel.description->symbol("_stext"))
            return *text - *kernel.image_offset;
    return kernel.log.ring;
}

}  // namespace

std::optional<Symbols> kernel_symbols(const GuestMemory& memory, const FoundKernel& kernel) {
    return find_symbols(space_of(memory, kernel), kernel.description ? &*kernel.description : nullptr,
                        place_in_image(kernel));
}

std::string kernel_symbol_file(const GuestMemory& memory, const FoundKernel& kernel, const Symbols& symbols,
                               Arch arch) {
    return symbol_file(symbols, arch, call_frames(space_of(memory, kernel), symbols));
}

void look_inside(const GuestMemory& memory, const FoundKernel& kernel, Arch arch, Examination& seen) {
    const AddressSpace space = space_of(memory, kernel);
    const auto symbols = kernel_symbols(memory, kernel);
    if (!symbols) {
        seen.untold.emplace_back(
            "the functions that CPUs and tasks are in: the kernel's symbols were not found");
        return;
    }
    if (!seen.samples.empty())
        for (const CpuState& cpu : seen.samples.back())
            if (auto where = look_at(cpu, space, *symbols, arch))
                seen.backtraces.push_back(std::move(*where));

    const auto types = find_types(memory, place_in_image(kernel));
    if (!types) {
        seen.untold.emplace_back("the tasks: the kernel holds no description of its types (BTF)");
        return;
    }
    seen.tasks = read_tasks(space, *symbols, *types, arch);
    if (!seen.tasks)
        seen.untold.emplace_back("the tasks: their list was not found");
}

void look_at_firmware(const GuestMemory& memory, Examination& seen) {
    const std::vector<EfiImage> images = efi_images(memory);
    for (const EfiImage& image : images)
        seen.efi_images.push_back(image.name);
    if (seen.samples.empty())
        return;
    for (const CpuState& cpu : seen.samples.back())
        if (const EfiImage* image = image_at(images, cpu.pc))
            seen.in_efi_images.push_back(
                fmt::format("CPU {} is in the EFI image {}, at offset {:#x}", cpu.index,
                            image->name.empty() ? "without a name" : image->name, cpu.pc - image->address));
}

}  // namespace lktest
