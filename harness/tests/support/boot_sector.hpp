// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"

/// Guests of a few bytes: 16-bit code that a BIOS loads from an El Torito entry to 0000:7C00. Each fails in
/// one way, immediately and for real.
namespace lktest::boot_sector {

using namespace std::string_literals;

/// cli; hlt: never prints anything.
inline std::string silent() {
    return "\xFA\xF4\xEB\xFD"s;
}

/// mov dx,3F8h / mov al,'x' / again: out dx,al / jmp again: one endless line on the serial port.
inline std::string flood() {
    return "\xBA\xF8\x03\xB0x\xEE\xEB\xFD"s;
}

/// mov al,FEh; out 64h,al; hlt: pulses the reset line by the keyboard controller.
inline std::string reset() {
    return "\xB0\xFE\xE6\x64\xF4\xEB\xFD"s;
}

/// mov dx,604h; mov ax,2000h; out dx,ax: ACPI's soft-off, with SeaBIOS' PM base of 600h.
inline std::string power_off() {
    return "\xBA\x04\x06\xB8\x00\x20\xEF\xF4\xEB\xFD"s;
}

/// Prints `text` on the serial port, and halts.
inline std::string say(std::string_view text) {
    return "\xFC"           // cld
           "\x31\xC0"       // xor ax,ax
           "\x8E\xD8"       // mov ds,ax
           "\xBE\x16\x7C"   // mov si,7C16h: after this code
           "\xBA\xF8\x03"   // mov dx,3F8h
           "\xAC"           // next: lodsb
           "\x84\xC0"       // test al,al
           "\x74\x03"       // jz end
           "\xEE"           // out dx,al
           "\xEB\xF8"       // jmp next
           "\xF4\xEB\xFD"s  // end: hlt; jmp end
           + std::string(text) + '\0';
}

/// Prints `first`; at a key on the serial port prints `last` and powers off.
inline std::string say_and_end_at_a_key(std::string_view first, std::string_view last) {
    return "\xFC"           // cld
           "\x31\xC0"       // xor ax,ax
           "\x8E\xD8"       // mov ds,ax
           "\xBE\x31\x7C"   // mov si,7C31h: after this code
           "\xBA\xF8\x03"   // mov dx,3F8h
           "\xAC"           // next: lodsb
           "\x84\xC0"       // test al,al
           "\x74\x03"       // jz wait
           "\xEE"           // out dx,al
           "\xEB\xF8"       // jmp next
           "\xBA\xFD\x03"   // wait: mov dx,3FDh
           "\xEC"           // poll: in al,dx
           "\xA8\x01"       // test al,1
           "\x74\xFB"       // jz poll
           "\xBA\xF8\x03"   // mov dx,3F8h
           "\xEC"           // in al,dx
           "\xAC"           // more: lodsb
           "\x84\xC0"       // test al,al
           "\x74\x03"       // jz end
           "\xEE"           // out dx,al
           "\xEB\xF8"       // jmp more
           "\xBA\x04\x06"   // end: mov dx,604h
           "\xB8\x00\x20"   // mov ax,2000h
           "\xEF"           // out dx,ax
           "\xF4\xEB\xFD"s  // hlt; jmp -3
           + std::string(first) + '\0' + std::string(last) + '\0';
}

/// Creates an ISO whose BIOS boot image is `code`, and which contains nothing else.
inline void write_iso(const std::string& code, const std::filesystem::path& iso) {
    const TempDir tree;
    write_file(tree.path() / "boot.bin", code + std::string(2048 - code.size(), '\0'));
    check_process({"xorriso", "-as", "mkisofs", "-quiet", "-o", iso, "-b", "boot.bin", "-no-emul-boot",
                   "-boot-load-size", "4", tree.path()});
}

}  // namespace lktest::boot_sector
