// SPDX-License-Identifier: MIT
#include "harness/machine/kvm_guest.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace lktest {
namespace {

// The comments are the source, in GNU as syntax without its sigils: source, destination.
// clang-format off

/// A boot sector. Letters go to port e9h (isa-debugcon).
constexpr auto x86_64_code = std::to_array<std::uint8_t>({
    // The BIOS jumps to 0:7c00 in real mode.
    // start:
    0xea, 0x05, 0x7c, 0x00, 0x00,  // ljmp 0, entry
    // entry:
    0x31, 0xc0,  // xorw ax, ax
    0x8e, 0xd8,  // movw ax, ds
    0x8e, 0xc0,  // movw ax, es
    0x8e, 0xd0,  // movw ax, ss
    0xbc, 0x00, 0x7c,  // movw 0x7c00, sp
    0xb0, 0x52,  // movb 'R', al
    0xe6, 0xe9,  // outb al, 0xe9
    // Ask the BIOS for its disk extensions (INT 13h, AH=41h), as kernels do first of all.
    0xb4, 0x41,  // movb 0x41, ah
    0xbb, 0xaa, 0x55,  // movw 0x55aa, bx
    0xcd, 0x13,  // int 0x13
    0x72, 0x53,  // jc halt16
    0xb0, 0x45,  // movb 'E', al
    0xe6, 0xe9,  // outb al, 0xe9
    // Page tables: the first 2 MiB are mapped as they are, for user mode too. 1000h-5fffh is
    // cleared before: three tables, the interrupt table at 4000h, the task state at 5000h.
    0xfa,  // cli
    0xfc,  // cld
    0xbf, 0x00, 0x10,  // movw 0x1000, di
    0xb9, 0x00, 0x28,  // movw 0x2800, cx
    0x31, 0xc0,  // xorw ax, ax
    0xf3, 0xab,  // rep stosw
    0xc7, 0x06, 0x00, 0x10, 0x07, 0x20,  // movw 0x2007, 0x1000
    0xc7, 0x06, 0x00, 0x20, 0x07, 0x30,  // movw 0x3007, 0x2000
    0xc6, 0x06, 0x00, 0x30, 0x87,  // movb 0x87, 0x3000
    // From real mode into 64-bit mode at once: PAE and SSE on, long mode enabled, paging on.
    0x0f, 0x01, 0x16, 0x68, 0x7d,  // lgdt gdtr
    0x66, 0xb8, 0x20, 0x06, 0x00, 0x00,  // movl 0x620, eax
    0x0f, 0x22, 0xe0,  // movl eax, cr4
    0x66, 0xb8, 0x00, 0x10, 0x00, 0x00,  // movl 0x1000, eax
    0x0f, 0x22, 0xd8,  // movl eax, cr3
    0x66, 0xb9, 0x80, 0x00, 0x00, 0xc0,  // movl 0xc0000080, ecx
    0x0f, 0x32,  // rdmsr
    0x0d, 0x00, 0x01,  // orw 0x100, ax
    0x0f, 0x30,  // wrmsr
    0x66, 0xb8, 0x33, 0x00, 0x01, 0x80,  // movl 0x80010033, eax
    0x0f, 0x22, 0xc0,  // movl eax, cr0
    0xea, 0x73, 0x7c, 0x08, 0x00,  // ljmp 8, lm
    // halt16:
    0xf4,  // hlt
    0xeb, 0xfd,  // jmp halt16
    // lm:
    0xb8, 0x10, 0x00, 0x00, 0x00,  // movl 0x10, eax
    0x8e, 0xd8,  // movl eax, ds
    0x8e, 0xc0,  // movl eax, es
    0x8e, 0xd0,  // movl eax, ss
    0xbc, 0x00, 0x7c, 0x00, 0x00,  // movl 0x7c00, esp
    0xb0, 0x4c,  // movb 'L', al
    0xe6, 0xe9,  // outb al, 0xe9
    // An SSE2 instruction. A KVM that emulates the kernel of its guest stops here.
    0xb8, 0x45, 0x23, 0x01, 0x00,  // movl 0x12345, eax
    0x66, 0x0f, 0x6e, 0xc0,  // movd eax, xmm0
    0x66, 0x0f, 0xfe, 0xc0,  // paddd xmm0, xmm0
    0x66, 0x0f, 0x7e, 0xc1,  // movd xmm0, ecx
    0x81, 0xf9, 0x8a, 0x46, 0x02, 0x00,  // cmpl 0x2468a, ecx
    0x0f, 0x85, 0x9c, 0x00, 0x00, 0x00,  // jne halt
    0xb0, 0x53,  // movb 'S', al
    0xe6, 0xe9,  // outb al, 0xe9
    // Interrupt table: the timer keeps vector 8 that the BIOS gave it; page fault 14; system call
    // 80h, open to user mode. Then the task state, whose stack interrupts of user mode use.
    0xbf, 0x80, 0x40, 0x00, 0x00,  // movl 0x4000+8*16, edi
    0xb8, 0x54, 0x7d, 0x00, 0x00,  // movl tick, eax
    0xe8, 0xa7, 0x00, 0x00, 0x00,  // call gate
    0xbf, 0xe0, 0x40, 0x00, 0x00,  // movl 0x4000+14*16, edi
    0xb8, 0x43, 0x7d, 0x00, 0x00,  // movl fault, eax
    0xe8, 0x98, 0x00, 0x00, 0x00,  // call gate
    0xbf, 0x00, 0x48, 0x00, 0x00,  // movl 0x4000+0x80*16, edi
    0xb8, 0x35, 0x7d, 0x00, 0x00,  // movl syscall, eax
    0xe8, 0x89, 0x00, 0x00, 0x00,  // call gate
    0xc6, 0x47, 0xff, 0xee,  // movb 0xee, -1(rdi)
    0x0f, 0x01, 0x1c, 0x25, 0xa0, 0x7d, 0x00, 0x00,  // lidt idtr
    0xc7, 0x04, 0x25, 0x04, 0x50, 0x00, 0x00, 0x00, 0x7c, 0x00, 0x00,  // movl 0x7c00, 0x5004
    0xb8, 0x28, 0x00, 0x00, 0x00,  // movl 0x28, eax
    0x0f, 0x00, 0xd8,  // ltr ax
    // Touch memory that is not mapped: the handler maps it, and the instruction is tried again.
    0x89, 0x04, 0x25, 0x00, 0x00, 0x20, 0x00,  // movl eax, 0x200000
    0xb0, 0x50,  // movb 'P', al
    0xe6, 0xe9,  // outb al, 0xe9
    // Three ticks of the timer (8254, channel 0, 3.4 ms each), waited for in HLT.
    0xb0, 0x34,  // movb 0x34, al
    0xe6, 0x43,  // outb al, 0x43
    0x31, 0xc0,  // xorl eax, eax
    0xe6, 0x40,  // outb al, 0x40
    0xb0, 0x10,  // movb 0x10, al
    0xe6, 0x40,  // outb al, 0x40
    0x31, 0xdb,  // xorl ebx, ebx
    0xfb,  // 1: sti
    0xf4,  // hlt
    0xfa,  // cli
    0x80, 0xfb, 0x03,  // cmpb 3, bl
    0x72, 0xf8,  // jb 1b
    0xb0, 0x54,  // movb 'T', al
    0xe6, 0xe9,  // outb al, 0xe9
    // Into user mode, where three more ticks must arrive.
    0x6a, 0x1b,  // pushq 0x1b
    0x68, 0x00, 0x7a, 0x00, 0x00,  // pushq 0x7a00
    0x68, 0x02, 0x02, 0x00, 0x00,  // pushq 0x202
    0x6a, 0x23,  // pushq 0x23
    0x68, 0x2e, 0x7d, 0x00, 0x00,  // pushq user
    0x48, 0xcf,  // iretq
    // user:
    0x80, 0xfb, 0x06,  // cmpb 6, bl
    0x72, 0xfb,  // jb user
    0xcd, 0x80,  // int 0x80
    // From user mode by INT 80h: the end. isa-debug-exit ends QEMU.
    // syscall:
    0xb0, 0x55,  // movb 'U', al
    0xe6, 0xe9,  // outb al, 0xe9
    0xb0, 0x10,  // movb 0x10, al
    0x66, 0xba, 0x01, 0x05,  // movw 0x501, dx
    0xee,  // outb al, dx
    // halt:
    0xf4,  // hlt
    0xeb, 0xfd,  // jmp halt
    // Page fault: map 200000h, drop the error code.
    // fault:
    0xc7, 0x04, 0x25, 0x08, 0x30, 0x00, 0x00, 0x87, 0x00, 0x20, 0x00,  // movl 0x200087, 0x3008
    0x48, 0x83, 0xc4, 0x08,  // addq 8, rsp
    0x48, 0xcf,  // iretq
    // Timer: count, acknowledge at the interrupt controller.
    // tick:
    0xff, 0xc3,  // incl ebx
    0x50,  // pushq rax
    0xb0, 0x20,  // movb 0x20, al
    0xe6, 0x20,  // outb al, 0x20
    0x58,  // popq rax
    0x48, 0xcf,  // iretq
    // EDI: entry of the interrupt table, EAX: handler below 64 KiB.
    // gate:
    0x66, 0xab,  // stosw
    0xb8, 0x08, 0x00, 0x00, 0x8e,  // movl 0x8e000008, eax
    0xab,  // stosl
    0xc3,  // ret
    0x90,  // up to a multiple of 8
    // gdt:
    0x37, 0x00,  // gdtr: .word 0x37
    0x68, 0x7d, 0x00, 0x00,  // .long gdt
    0x00, 0x00,  // .word 0
    0xff, 0xff, 0x00, 0x00, 0x00, 0x9a, 0xaf, 0x00,  // .quad 0x00af9a000000ffff # 08 code64
    0xff, 0xff, 0x00, 0x00, 0x00, 0x92, 0xcf, 0x00,  // .quad 0x00cf92000000ffff # 10 data
    0xff, 0xff, 0x00, 0x00, 0x00, 0xf2, 0xcf, 0x00,  // .quad 0x00cff2000000ffff # 18 user data
    0xff, 0xff, 0x00, 0x00, 0x00, 0xfa, 0xaf, 0x00,  // .quad 0x00affa000000ffff # 20 user code
    0x67, 0x00, 0x00, 0x50, 0x00, 0x89, 0x00, 0x00,  // .quad 0x0000890050000067 # 28 tss @0x5000
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // .quad 0
    0x0f, 0x08,  // idtr: .word 0x80f
    0x00, 0x40, 0x00, 0x00,  // .long 0x4000
    0x00, 0x00, 0x00, 0x00,  // .long 0
});

/// A raw kernel. Letters go to the first serial port.
constexpr auto aarch64_code = std::to_array<std::uint32_t>({
    // QEMU's virt machine enters a raw kernel at 40080000h, at EL1 with the MMU off. w9: the PL011.
    0x52a12009,  // mov w9, #0x09000000
    0x52800961,  // mov w1, #'K'
    0x39000121,  // strb w1, [x9]
    // Translation table of 1 GiB blocks at 40200000h: devices at 0, code and data at 40000000h,
    // nothing at 80000000h. All of it non-cacheable, so that the table itself needs no cleaning.
    0x52a80408,  // mov w8, #0x40200000
    0xd2808020,  // mov x0, #0x401
    0xf2e00c00,  // movk x0, #0x60, lsl #48
    0xf9000100,  // str x0, [x8]
    0x52a8000a,  // mov w10, #0x40000000
    0x728080aa,  // movk w10, #0x405
    0xf900050a,  // str x10, [x8, #8]
    0xf900091f,  // str xzr, [x8, #16]
    // MAIR: attribute 0 device, 1 normal. TCR: 39 bits, 4 KiB granule. Then FP, SIMD and the MMU on.
    0xd2888000,  // mov x0, #0x4400
    0xd518a200,  // msr mair_el1, x0
    0xd2800320,  // mov x0, #0x19
    0xf2a01000,  // movk x0, #0x80, lsl #16
    0xd5182040,  // msr tcr_el1, x0
    0xd5182008,  // msr ttbr0_el1, x8
    0xd2a00600,  // mov x0, #0x300000
    0xd5181040,  // msr cpacr_el1, x0
    0x10003da0,  // adr x0, vectors
    0xd518c000,  // msr vbar_el1, x0
    0xd5033f9f,  // dsb sy
    0xd508871f,  // tlbi vmalle1
    0xd5033f9f,  // dsb sy
    0xd5033fdf,  // isb
    0xd5381000,  // mrs x0, sctlr_el1
    0xb2400000,  // orr x0, x0, #1
    0xd5181000,  // msr sctlr_el1, x0
    0xd5033fdf,  // isb
    0x528009a1,  // mov w1, #'M'
    0x39000121,  // strb w1, [x9]
    // A SIMD instruction.
    0x52824681,  // mov w1, #0x1234
    0x1e270020,  // fmov s0, w1
    0x4ea08400,  // add v0.4s, v0.4s, v0.4s
    0x1e260002,  // fmov w2, s0
    0x6b01045f,  // cmp w2, w1, lsl #1
    0x540002c1,  // b.ne halt
    0x52800a61,  // mov w1, #'S'
    0x39000121,  // strb w1, [x9]
    // Touch memory that is not mapped: the handler maps it, and the instruction is tried again.
    0x52b00000,  // mov w0, #0x80000000
    0xb9400000,  // ldr w0, [x0]
    0x52800a01,  // mov w1, #'P'
    0x39000121,  // strb w1, [x9]
    // The virtual timer, interrupt masked: wait until its condition is met.
    0xd2807d00,  // mov x0, #1000
    0xd51be300,  // msr cntv_tval_el0, x0
    0xd2800060,  // mov x0, #3
    0xd51be320,  // msr cntv_ctl_el0, x0
    0xd5033fdf,  // isb
    0xd53be320,  // 1: mrs x0, cntv_ctl_el0
    0x3617ffe0,  // tbz x0, #2, 1b
    0x52800a81,  // mov w1, #'T'
    0x39000121,  // strb w1, [x9]
    // Into user mode (EL0t), which comes back by a system call.
    0xd2807800,  // mov x0, #0x3c0
    0xd5184000,  // msr spsr_el1, x0
    0x10000060,  // adr x0, user
    0xd5184020,  // msr elr_el1, x0
    0xd69f03e0,  // eret
    // user:
    0xd4000001,  // svc #0
    // halt:
    0x14000000,  // b halt
});

/// Exceptions of kernel mode (800h + 200h): map 80000000h, try again.
constexpr auto aarch64_fault = std::to_array<std::uint32_t>({
    0xf900090a,  // str x10, [x8, #16]
    0xd5033f9f,  // dsb sy
    0xd69f03e0,  // eret
});

/// Exceptions of user mode (800h + 400h): the end, by PSCI's SYSTEM_OFF.
constexpr auto aarch64_end = std::to_array<std::uint32_t>({
    0x52800aa1,  // mov w1, #'U'
    0x39000121,  // strb w1, [x9]
    0x52800100,  // mov w0, #8
    0x72b08000,  // movk w0, #0x8400, lsl #16
    0xd4000002,  // hvc #0
});

// clang-format on

constexpr std::array<KvmGuest::Stage, 7> x86_64_stages{{{'R', "real mode"},
                                                        {'E', "the BIOS's disk calls"},
                                                        {'L', "64-bit mode with paging"},
                                                        {'S', "SSE in kernel mode"},
                                                        {'P', "a page fault"},
                                                        {'T', "timer interrupts"},
                                                        {'U', "user mode"}}};

constexpr std::array<KvmGuest::Stage, 6> aarch64_stages{{{'K', "kernel entry"},
                                                         {'M', "the MMU"},
                                                         {'S', "SIMD in kernel mode"},
                                                         {'P', "a page fault"},
                                                         {'T', "the timer"},
                                                         {'U', "user mode"}}};

std::string boot_sector() {
    std::string image(512, '\0');
    static_assert(x86_64_code.size() <= 510);
    std::copy(x86_64_code.begin(), x86_64_code.end(), image.begin());
    image[510] = '\x55';
    image[511] = '\xaa';
    return image;
}

std::string raw_kernel() {
    constexpr std::size_t vectors = 0x800;
    std::string image(vectors + 0x800, '\0');
    const auto put = [&](std::size_t offset, std::span<const std::uint32_t> words) {
        for (const std::uint32_t word : words)
            for (int shift = 0; shift < 32; shift += 8)
                image[offset++] = static_cast<char>(word >> shift);  // little-endian
    };
    put(0, aarch64_code);
    put(vectors + 0x200, aarch64_fault);
    put(vectors + 0x400, aarch64_end);
    return image;
}

}  // namespace

KvmGuest kvm_guest(Arch arch) {
    switch (arch) {
        case Arch::x86_64:
            return {boot_sector(),
                    x86_64_stages,
                    "pc",
                    {"-debugcon", "stdio", "-device", "isa-debug-exit,iobase=0x501", "-drive",
                     "if=ide,format=raw,file=guest.img"}};
        case Arch::aarch64:
            return {raw_kernel(),
                    aarch64_stages,
                    "virt,gic-version=max",
                    {"-serial", "stdio", "-kernel", "guest.img"}};
    }
    return {};
}

std::string_view missing_stage(const KvmGuest& guest, std::string_view said) {
    for (std::size_t i = 0; i < guest.stages.size(); ++i)
        if (i >= said.size() || said[i] != guest.stages[i].letter)
            return guest.stages[i].name;
    return {};
}

}  // namespace lktest
