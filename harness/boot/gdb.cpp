// SPDX-License-Identifier: MIT
#include "harness/boot/gdb.hpp"

#include <fmt/format.h>
#include <sys/un.h>

#include "builder/base/file.hpp"
#include "builder/base/platform.hpp"
#include "harness/diagnose/symbol_file.hpp"

namespace lktest {

std::string serve_gdb(Domain& guest, Onlooker& onlooker, Arch arch, const std::filesystem::path& directory) {
    const std::filesystem::path socket = directory / "gdb", commands = directory / "gdb.cmd",
                                symbols = directory / "kernel.elf";
    if (socket.native().size() >= sizeof(sockaddr_un::sun_path))
        throw usage_error(
            fmt::format("gdb cannot be given the socket {}: its path is too long", socket.string()),
            "choose a directory with a shorter path: --output DIR");
    std::string text = fmt::format("set architecture {}\n", arch == Arch::x86_64 ? "i386:x86-64" : "aarch64");
    if (const auto found = onlooker.symbols(guest)) {
        write_file(symbols, symbol_file(*found, arch));
        text += fmt::format("symbol-file {}\n", symbols.string());
    }
    write_file(commands, text + fmt::format("target remote {}\n", socket.string()));
    guest.ask("gdbserver none");  // of an earlier call
    std::error_code ignored;
    std::filesystem::remove(socket, ignored);
    const std::string refused =
        guest.ask(fmt::format("gdbserver unix:{},server=on,wait=off", socket.string()));
    if (!std::filesystem::exists(socket, ignored))
        throw host_error(fmt::format("QEMU does not listen for gdb: {}", refused));
    return fmt::format("{} -x {}", arch == host_arch() ? "gdb" : "gdb-multiarch", commands.string());
}

}  // namespace lktest
