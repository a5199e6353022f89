// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "harness/diagnose/backtrace.hpp"
#include "harness/diagnose/btf.hpp"
#include "harness/diagnose/cpu_state.hpp"
#include "harness/diagnose/device_view.hpp"
#include "harness/diagnose/efi_images.hpp"
#include "harness/diagnose/find_printk.hpp"
#include "harness/diagnose/general_registers.hpp"
#include "harness/diagnose/kallsyms.hpp"
#include "harness/diagnose/ram_layout.hpp"
#include "harness/diagnose/tasks.hpp"
#include "harness/diagnose/vmcoreinfo.hpp"
#include "harness/fuzz/readers.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t place = 4 << 20, image_offset = 0xffff'ffff'8000'0000;

GuestMemory memory_of(const std::string& bytes) {
    return GuestMemory({{place, std::as_bytes(std::span(bytes))}});
}

void kernel_log(const std::string& bytes) {
    const GuestMemory memory = memory_of(bytes);
    for (const Arch arch : {Arch::x86_64, Arch::aarch64})
        for (const FoundKernel& kernel : find_kernels(memory, arch))
            read_printk(memory, kernel.log, Unfinished::take);
}

void symbols(const std::string& bytes) {
    const GuestMemory memory = memory_of(bytes);
    const AddressSpace space{.memory = &memory, .image_offset = image_offset};
    if (const auto found = find_symbols(space, nullptr, place))
        for (const Arch arch : {Arch::x86_64, Arch::aarch64})
            backtrace(
                space, *found, arch,
                {.pc = place + image_offset, .sp = place + image_offset, .frame = place + image_offset});
}

/// The first half has the types, the second half the memory that they describe.
void types(const std::string& bytes) {
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

void efi(const std::string& bytes) {
    image_at(efi_images(memory_of(bytes)), place);
}

/// Answers of QEMU's monitor.
void monitor(const std::string& bytes) {
    ram_layout(bytes);
    for (const Arch arch : {Arch::x86_64, Arch::aarch64}) {
        cpu_states(bytes, arch);
        general_registers(bytes, arch);
    }
}

void tables(const std::string& bytes) {
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

void vmcoreinfo(const std::string& bytes) {
    for (const Vmcoreinfo& kernel : find_vmcoreinfo(memory_of(bytes)))
        for (const Arch arch : {Arch::x86_64, Arch::aarch64}) {
            image_offset_of(kernel, arch);
            page_tables_of(kernel, arch);
        }
    Vmcoreinfo::parse(bytes);
}

/// A kernel's log, a record a line, beside machines with some of each device.
void devices(const std::string& bytes) {
    using Kind = AttachedDevice::Kind;
    static const std::vector<AttachedDevice> attached{{Kind::disk, "virtio", "vda"},
                                                      {Kind::disk, "nvme", "nvme0n1"},
                                                      {Kind::disk, "usb", "sda"},
                                                      {Kind::drive, "scsi", "sr0"},
                                                      {Kind::card, "e1000e", "52:54:00:6c:6b:01"}};
    std::vector<LogRecord> log;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
        log.push_back({.text = bytes.substr(at, end - at)});
        at = end + 1;
    }
    view_devices(attached, log, std::nullopt);
    const std::string name = bytes.substr(0, 64);
    view_devices(attached, log, std::vector<NetworkCard>{{name, name, name, true}});
}

constexpr std::uint64_t orc_entries = place + 0x1000, orc_stack = place + 0x2000;

/// The first page has the addresses of code, the second what is true there, the third a stack.
void orc(const std::string& bytes) {
    std::string pages = bytes;
    pages.resize(0x3000);
    const GuestMemory memory = memory_of(pages);
    const AddressSpace space{.memory = &memory, .image_offset = image_offset};
    Symbols names;
    names.add(place + image_offset, 'T', "start");
    names.add(place + image_offset + 0x3000, 'D', "end");
    names.add(place + image_offset, 'r', "__start_orc_unwind_ip");
    names.add(place + image_offset + 64, 'r', "__stop_orc_unwind_ip");
    names.add(orc_entries + image_offset, 'r', "__start_orc_unwind");
    names.sort();
    backtrace(
        space, names, Arch::x86_64,
        {.pc = place + image_offset + 8, .sp = orc_stack + image_offset, .frame = orc_stack + image_offset});
}

template <typename T>
void put(std::string& bytes, std::size_t at, T value) {
    bytes.resize(std::max(bytes.size(), at + sizeof value));
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

std::string description() {
    return "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_top_pgt)=ffffffff80001000\nNUMBER(phys_base)="
           "4194304\n"
           "SYMBOL(swapper_pg_dir)=ffffffff80001000\nNUMBER(kimage_voffset)=0xffffffff80000000\n"
           "NUMBER(TCR_EL1_T1SZ)=0x10\nSYMBOL(prb)=ffffffff80002000\nOFFSET(printk_ringbuffer.fail)=64\n";
}

std::vector<std::string> descriptions() {
    std::string page = description();
    page.resize(4096);
    return {page, description()};
}

/// A description, and tables of pages that map themselves.
std::vector<std::string> memories() {
    std::string pages = description();
    pages.resize(16 << 10);
    for (std::size_t at = 4096; at < 8192; at += 8)
        put(pages, at, std::uint64_t{place + 4096} | 0x3);
    return {pages};
}

/// The kernel's names in the forms of before Linux 6.4 and since 7.0.
std::string symbol_table(bool newest) {
    constexpr std::uint32_t count = 1000;
    const std::size_t alignment = newest ? 4 : 8;
    std::string bytes(64, '\x90');
    const auto align = [&] { bytes.resize((bytes.size() + alignment - 1) / alignment * alignment); };
    const auto put_offsets = [&] {
        for (std::uint32_t i = 0; i < count; ++i)
            put(bytes, bytes.size(), static_cast<std::uint32_t>(16 * i - (newest ? bytes.size() : 0)));
        align();
    };
    if (!newest) {
        put_offsets();
        put(bytes, bytes.size(), place + image_offset);
    }
    put(bytes, bytes.size(), count);
    align();
    const std::size_t names = bytes.size();
    std::vector<std::uint32_t> markers;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (i % 256 == 0)
            markers.push_back(static_cast<std::uint32_t>(bytes.size() - names));
        bytes += {3, 't', static_cast<char>('a' + i % 26), static_cast<char>('0' + i % 10)};
    }
    align();
    for (const std::uint32_t marker : markers)
        put(bytes, bytes.size(), marker);
    align();
    const std::size_t tokens = bytes.size();
    std::vector<std::uint16_t> index;
    for (unsigned i = 0; i < 256; ++i) {
        index.push_back(static_cast<std::uint16_t>(bytes.size() - tokens));
        bytes += i < 128 && i > 32 ? std::string(1, static_cast<char>(i)) : "_";
        bytes += '\0';
    }
    align();
    for (const std::uint16_t at : index)
        put(bytes, bytes.size(), at);
    if (newest)
        put_offsets();
    return bytes;
}

std::vector<std::string> symbol_tables() {
    return {symbol_table(false), symbol_table(true)};
}

std::vector<std::string> stacks() {
    std::string pages(0x3000, '\0');
    for (unsigned i = 0; i < 16; ++i) {
        put(pages, 4 * i, static_cast<std::int32_t>(0x100 * i - 4 * i));
        put(pages, 0x1000 + 6 * i, static_cast<std::int16_t>(8 + 8 * i));
        put(pages, 0x1000 + 6 * i + 4, static_cast<std::uint16_t>(5 | (2 + i % 3) << 8));
        put(pages, 0x2000 + 8 * i, place + image_offset + 0x100 * i + 8);
    }
    return {pages};
}

std::vector<std::string> records() {
    return {
        "Linux version 6.1.0\nvirtio_blk virtio2: [vda] 20480 512-byte logical blocks\n"
        "nvme nvme0: pci function 0000:00:04.0\nsd 0:0:0:0: [sda] Attached SCSI disk\n"
        "sr 1:0:0:0: [sr0] scsi3-mmc drive\ne1000e 0000:00:03.0 eth0: NIC Link is Up\n"};
}

/// BTF's header, and types of one integer and one structure.
std::vector<std::string> types_of_kernels() {
    std::string blob;
    put(blob, 0, std::uint16_t{0xeb9f});
    put(blob, 2, std::uint8_t{1});
    put(blob, 4, std::uint32_t{24});
    constexpr std::uint32_t type_bytes = 16 + 24, names = 32;
    put(blob, 8, std::uint32_t{0});
    put(blob, 12, type_bytes);
    put(blob, 16, type_bytes);
    put(blob, 20, names);
    put(blob, 24, std::uint32_t{13});        // "pid"
    put(blob, 28, std::uint32_t{1U << 24});  // an integer
    put(blob, 32, std::uint32_t{4});
    put(blob, 36, std::uint32_t{32});
    put(blob, 40, std::uint32_t{1});             // "task_struct"
    put(blob, 44, std::uint32_t{4U << 24 | 1});  // a structure of one member
    put(blob, 48, std::uint32_t{4});
    put(blob, 52, std::uint32_t{13});
    put(blob, 56, std::uint32_t{1});
    put(blob, 60, std::uint32_t{0});
    return {blob + std::string("\0task_struct\0pid", 17) + std::string(15 + 64, '\0')};
}

std::vector<std::string> programs_in_memory() {
    std::string page(4096, '\0');
    page.replace(0, 2, "MZ");
    put(page, 0x3c, std::uint32_t{64});
    page.replace(64, 4, std::string("PE\0\0", 4));
    put(page, 64 + 4, std::uint16_t{0x8664});
    put(page, 64 + 20, std::uint16_t{240});
    put(page, 64 + 24, std::uint16_t{0x20b});
    put(page, 64 + 24 + 56, std::uint32_t{4096});
    return {page};
}

std::vector<std::string> answers() {
    return {
        "FlatView #0\n AS \"memory\", root: system\n Root memory region: system\n"
        "  0000000000000000-000000000009ffff (prio 0, ram): pc.ram\n"
        "  0000000100000000-000000017fffffff (prio 0, ram): pc.ram @0000000080000000\n",
        "CPU#0\nRAX=0000000000000000 RBX=ffffffff81000000 RIP=ffffffff81c00000 RFL=00000246 CPL=0\n"
        "CR0=80050033 CR3=0000000002a10000 CR4=000006f0\nPC=ffff800008000000 X00=0000000000000000\n"};
}

}  // namespace

std::vector<FuzzReader> memory_readers() {
    return {{"memory_log", kernel_log, memories, 100},
            {"memory_symbols", symbols, symbol_tables, 100},
            {"memory_types", types, types_of_kernels},
            {"memory_efi", efi, programs_in_memory},
            {"memory_monitor", monitor, answers},
            {"memory_tables", tables, memories, 60},
            {"memory_vmcoreinfo", vmcoreinfo, descriptions},
            {"memory_devices", devices, records},
            {"memory_orc", orc, stacks}};
}

}  // namespace lktest
