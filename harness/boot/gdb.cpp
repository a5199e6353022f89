// SPDX-License-Identifier: MIT
#include "harness/boot/gdb.hpp"

#include <fmt/format.h>
#include <sys/un.h>

#include "builder/base/file.hpp"
#include "harness/matrix/hardware.hpp"

namespace lktest {

namespace fs = std::filesystem;
namespace {

/// Where QEMU must listen so that gdb finds it at `socket`.
fs::path where_to_listen(const fs::path& socket, const QemuUser* user, const fs::path* place) {
    if (user)
        let_write(*user, socket.parent_path());
    if (!place)
        return socket;
    const fs::path shown = *place / "gdb";
    if (!fs::exists(shown)) {
        show_at(socket.parent_path(), shown);
    }
    return shown / socket.filename();
}

}  // namespace

std::string_view gdb_for(Arch arch) {
    return arch == host_arch() ? "gdb" : "gdb-multiarch";
}

std::string serve_gdb(Domain& guest, Onlooker& onlooker, Arch arch, const fs::path& directory,
                      const QemuUser* user, const fs::path* place) {
    const fs::path socket = directory / "gdb" / "socket", commands = directory / "gdb.cmd",
                   symbols = directory / "kernel.elf";
    if (socket.native().size() >= sizeof(sockaddr_un::sun_path))
        throw usage_error(fmt::format("the path of gdb's socket is too long: {}", socket.string()),
                          "choose a directory with a shorter path: --output DIR");
    std::string text = fmt::format("set architecture {}\n", machine_of(arch).gdb);
    if (const auto found = onlooker.symbol_file(guest)) {
        write_file(symbols, *found);
        text += fmt::format("symbol-file {}\n", symbols.string());
    }
    write_file(commands, text + fmt::format("target remote {}\n", socket.string()));
    guest.ask("gdbserver none");  // of an earlier call
    std::error_code ignored;
    make_directories(socket.parent_path());
    fs::remove(socket, ignored);
    const std::string refused = guest.ask(
        fmt::format("gdbserver unix:{},server=on,wait=off", where_to_listen(socket, user, place).string()));
    if (!fs::exists(socket, ignored))
        throw host_error(fmt::format("QEMU does not listen for gdb: {}", refused));
    return fmt::format("{} -x {}", gdb_for(arch), commands.string());
}

}  // namespace lktest
