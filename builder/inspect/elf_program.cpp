// SPDX-License-Identifier: MIT
#include "builder/inspect/elf_program.hpp"

#include <algorithm>

#include "builder/base/little_endian.hpp"

namespace lktest {
namespace {

/// "#!/bin/sh -e" is "/bin/sh" (Linux, fs/binfmt_script.c).
std::string script_interpreter(std::string_view head) {
    std::string_view line = head.substr(2, head.find('\n') - 2);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return std::string(line.substr(0, line.find_first_of(" \t")));
}

/// PT_INTERP of a little-endian ELF program whose headers are within `head`.
std::string elf_interpreter(std::string_view head) {
    constexpr std::uint32_t pt_interp = 3;
    const bool wide = u8(head, 4) == 2;
    if (u8(head, 5) != 1)
        return {};
    const std::uint64_t table = wide ? le64(head, 32) : le32(head, 28);
    const std::size_t size = le16(head, wide ? 54 : 42), count = le16(head, wide ? 56 : 44);
    if (table >= head.size())
        return {};
    for (std::size_t i = 0; i < std::min<std::size_t>(count, 64); ++i) {
        const std::string_view entry = head.substr(std::min(table + i * size, std::uint64_t{head.size()}));
        if (le32(entry, 0) != pt_interp)
            continue;
        const std::uint64_t at = wide ? le64(entry, 8) : le32(entry, 4);
        const std::uint64_t length = wide ? le64(entry, 32) : le32(entry, 16);
        if (at >= head.size())
            return {};
        const std::string_view path = head.substr(at, std::min<std::uint64_t>(length, 256));
        return std::string(path.substr(0, path.find('\0')));
    }
    return {};
}

}  // namespace

std::string interpreter_of(std::string_view head) {
    if (head.starts_with("#!"))
        return script_interpreter(head);
    return head.starts_with(
               "\x7f"
               "ELF")
               ? elf_interpreter(head)
               : std::string();
}

}  // namespace lktest
