// SPDX-License-Identifier: MIT
// One libFuzzer program for each reader of a guest's memory: LKTEST_FUZZED is its name.
//
//   cmake --preset fuzz && cmake --build --preset fuzz
//   build/fuzz/fuzz_memory_symbols CORPUS -max_total_time=600
//
// CORPUS is a directory. Pieces of a real guest's memory in it help a lot.
#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/diagnose/backtrace.hpp"
#include "harness/diagnose/btf.hpp"
#include "harness/diagnose/cpu_state.hpp"
#include "harness/diagnose/efi_images.hpp"
#include "harness/diagnose/find_printk.hpp"
#include "harness/diagnose/general_registers.hpp"
#include "harness/diagnose/kallsyms.hpp"
#include "harness/diagnose/ram_layout.hpp"
#include "harness/diagnose/tasks.hpp"

namespace {

using namespace lktest;

constexpr std::uint64_t place = 4 << 20, image_offset = 0xffff'ffff'8000'0000;

GuestMemory memory_of(const std::string& bytes) {
    return GuestMemory({{place, std::as_bytes(std::span(bytes))}});
}

[[maybe_unused]] void log(const std::string& bytes) {
    const GuestMemory memory = memory_of(bytes);
    for (const Arch arch : {Arch::x86_64, Arch::aarch64})
        for (const FoundKernel& kernel : find_kernels(memory, arch))
            read_printk(memory, kernel.log, Unfinished::take);
}

[[maybe_unused]] void symbols(const std::string& bytes) {
    const GuestMemory memory = memory_of(bytes);
    const AddressSpace space{.memory = &memory, .image_offset = image_offset};
    if (const auto found = find_symbols(space, nullptr, place))
        for (const Arch arch : {Arch::x86_64, Arch::aarch64})
            backtrace(
                space, *found, arch,
                {.pc = place + image_offset, .sp = place + image_offset, .frame = place + image_offset});
}

/// The first half has the types, the second half the memory that they describe.
[[maybe_unused]] void types(const std::string& bytes) {
    const auto found = KernelTypes::parse(bytes);
    if (!found)
        return;
    const GuestMemory memory = memory_of(bytes);
    const AddressSpace space{.memory = &memory, .image_offset = image_offset};
    Symbols names;
    names.add(place + image_offset + (bytes.size() / 16 * 8), 'D', "init_task");
    names.sort();
    for (const Arch arch : {Arch::x86_64, Arch::aarch64})
        read_tasks(space, names, *found, arch);
}

[[maybe_unused]] void efi(const std::string& bytes) {
    image_at(efi_images(memory_of(bytes)), place);
}

/// Answers of QEMU's monitor.
[[maybe_unused]] void monitor(const std::string& bytes) {
    ram_layout(bytes);
    for (const Arch arch : {Arch::x86_64, Arch::aarch64}) {
        cpu_states(bytes, arch);
        general_registers(bytes, arch);
    }
}

[[maybe_unused]] void tables(const std::string& bytes) {
    const GuestMemory memory = memory_of(bytes);
    for (const unsigned address_bits : {48U, 57U})
        mapped_ranges(memory, {.arch = Arch::x86_64, .root = place, .address_bits = address_bits});
    for (const unsigned page_shift : {12U, 14U, 16U})
        for (const unsigned address_bits : {39U, 48U, 52U})
            mapped_ranges(memory, {.arch = Arch::aarch64,
                                   .root = place,
                                   .address_bits = address_bits,
                                   .page_shift = page_shift});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    LKTEST_FUZZED(std::string(reinterpret_cast<const char*>(data), size));
    return 0;
}
