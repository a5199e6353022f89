// SPDX-License-Identifier: MIT
#include "builder/start_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "builder/base/error.hpp"
#include "builder/inspect/elf.hpp"
#include "builder/inspect/elf_program.hpp"

namespace lktest {
namespace {

/// Scripts that are interpreted by scripts (Linux, fs/exec.c: exec_binprm()).
constexpr int most_scripts = 5;
/// A first line is cut here (BINPRM_BUF_SIZE); an ELF program has its headers near its start.
constexpr std::size_t head_size = 4096;

/// Why a program cannot start, and the layer that has the file to blame.
struct Fault {
    std::string what;
    std::size_t layer = 0;
};

std::string head_of(const Inode& file) {
    std::string head(std::min<std::uint64_t>(file.content.size(), head_size), '\0');
    head.resize(file.content.read_some(0, std::as_writable_bytes(std::span(head))));
    return head;
}

/// "/sbin/init", or "/sbin/init (/usr/lib/systemd/systemd)" of a symlink.
std::string both(const std::string& path, const std::string& real) {
    return path == real ? path : fmt::format("{} ({})", path, real);
}

std::optional<Fault> fault_of(const LayerStack& layers, std::size_t count, const std::string& program,
                              Arch arch, int scripts) {
    const LayerStack::Place place = layers.find(program, count);
    if (!place.inode)
        return Fault{place.path == program || program.starts_with(place.path + "/")
                         ? fmt::format("there is no {}", program)
                         : fmt::format("{} leads to {}, which does not exist", program, place.path),
                     place.layer};
    const std::string name = both(program, place.path);
    if (place.inode->type != NodeType::regular)
        return Fault{fmt::format("{} is not a file", name), place.layer};
    if ((place.inode->permissions & 0111) == 0)
        return Fault{fmt::format("{} is not executable", name), place.layer};
    const std::string head = head_of(*place.inode);
    const std::string interpreter = interpreter_of(head);
    if (const auto machine = elf_machine_of(head)) {
        if (machine->machine != elf_machine(arch) || !machine->is_64_bit)
            return Fault{fmt::format("{} is a {} program", name, describe(*machine)), place.layer};
        if (interpreter.empty())
            return std::nullopt;
        const LayerStack::Place loader = layers.find(interpreter, count);
        if (!loader.inode)
            return Fault{
                fmt::format("{} needs the loader {}, but there is no {}", name, interpreter, loader.path),
                loader.layer};
        const auto loads =
            loader.inode->type == NodeType::regular ? elf_machine_of(head_of(*loader.inode)) : std::nullopt;
        if (!loads || loads->machine != elf_machine(arch))
            return Fault{fmt::format("{} needs the loader {}, which is not a program for {}", name,
                                     interpreter, lktest::name(arch)),
                         loader.layer};
        return std::nullopt;
    }
    if (!head.starts_with("#!"))
        return Fault{fmt::format("{} is neither an ELF program nor a script", name), place.layer};
    if (interpreter.empty() || scripts == 0)
        return Fault{fmt::format("{} names no interpreter that the kernel can start", name), place.layer};
    auto fault = fault_of(layers, count, interpreter, arch, scripts - 1);
    if (fault)
        fault->what = fmt::format("{} is a script for {}: {}", name, interpreter, fault->what);
    return fault;
}

}  // namespace

void check_start(const LayerStack& layers, const std::vector<std::string>& programs, Arch arch) {
    for (const std::string& program : programs) {
        const auto fault = fault_of(layers, layers.size(), program, arch, most_scripts);
        if (!fault)
            continue;
        // What starts without the upper layers is broken by the first of them.
        std::size_t layer = fault->layer;
        std::string below;
        for (std::size_t count = layers.size() - 1; count > 0; --count)
            if (!fault_of(layers, count, program, arch, most_scripts)) {
                layer = count;
                below = fmt::format("; without the layer {} it could start", layers.name(layer));
                break;
            }
        throw usage_error(
            fmt::format("the kernel could not start {} of the live system: {} (layer {}{})", program,
                        fault->what, layers.name(layer), below),
            below.empty()
                ? "correct the root, or name another program with init= in the recipe's command_line"
                : "remove the recipe's [[file]] or [links] that covers it");
    }
}

std::vector<std::string> started_programs(const std::vector<std::string>& command_lines) {
    std::vector<std::string> programs;
    for (const std::string& line : command_lines) {
        std::string program = "/sbin/init";
        std::istringstream words(line);
        for (std::string word; words >> word;)
            if (word.starts_with("init="))
                program = word.substr(5);
        if (std::ranges::find(programs, program) == programs.end())
            programs.push_back(program);
    }
    return programs;
}

}  // namespace lktest
