// SPDX-License-Identifier: MIT
// Mistakes in GRUB's scripts that do not stop GRUB, but the kernel.
#include <fmt/format.h>

#include <algorithm>

#include "builder/inspect/grub_runner.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// "$6$salt$hash", as crypt(3) writes a password: two variables that touch, the first named like a method.
bool expands_a_hash(const GrubWord& word) {
    for (std::size_t i = 0; i + 1 < word.parts.size(); ++i)
        if (word.parts[i].variable && word.parts[i + 1].variable &&
            is_any(word.parts[i].text, {"1", "2a", "2b", "2y", "5", "6", "7", "y", "gy"}))
            return true;
    return false;
}

bool looks_like_parameter(const std::string& verb) {
    return verb.find('=') != std::string::npos || is_any(verb, {"quiet", "splash", "ro", "rw", "--", "---"});
}

}  // namespace

void GrubRunner::add_fault(ConfigFault fault) {
    if (config_ >= outcome_.configs.size())
        return;
    auto& faults = outcome_.configs[config_].faults;
    if (faults.size() < grub_list_limit && std::ranges::find(faults, fault) == faults.end())
        faults.push_back(std::move(fault));
}

void GrubRunner::judge_linux_line(const GrubStatement& statement, const std::vector<GrubArgument>& words) {
    const std::string& verb = words[0].text;
    if (entry_ && linux_line_ == statement.line && looks_like_parameter(verb))
        add_fault(
            {"grub-parameter-cut", statement.line,
             fmt::format("an unquoted ';' ends the linux command before '{}': the kernel does not get that "
                         "parameter, nor those after it.",
                         verb),
             "Put the whole parameter in single quotes: 'ds=nocloud;s=/cdrom/'."});
    if (is_any(verb, {"linux", "linux16", "linuxefi"}) &&
        std::ranges::any_of(statement.words, expands_a_hash))
        add_fault(
            {"grub-dollar", statement.line,
             "GRUB takes the '$' of the password hash for the beginning of a variable, and the kernel gets "
             "an empty value.",
             "Put the whole parameter in single quotes: 'rootpw=$6$...'."});
}

bool GrubRunner::has_command(const std::string& verb) {
    if (!start_.commands || start_.commands->contains(verb))
        return true;
    const auto prefix = state_.variables.get("prefix");
    if (!prefix)
        return true;
    const GrubFile list =
        look({fmt::format("{}/{}-{}/command.lst", *prefix, start_.cpu, start_.platform), true}, "normal", 0);
    if (!list.named.certain)
        return true;
    const auto file = list.volume ? volumes_.find(*list.volume, list.found) : std::nullopt;
    if (list.found.empty() || !file)
        return false;
    const std::string text = "\n" + file->content.read(0, 1 << 16);
    return text.find("\n" + verb + ":") != std::string::npos ||
           text.find("\n*" + verb + ":") != std::string::npos;
}

void GrubRunner::judge_loader_command(const std::string& verb) {
    const bool old = is_any(verb, {"linux16", "initrd16"});
    // linuxefi on aarch64 is a finding of its own.
    if (!entry_ || !(old || is_any(verb, {"linuxefi", "initrdefi"})) || (!old && start_.cpu == "arm64") ||
        has_command(verb))
        return;
    const std::string where = start_.platform == "efi" ? "UEFI" : "BIOS";
    add_fault(
        {"grub-command-missing", line_,
         fmt::format("the medium's GRUB for {} does not have the command {}: it prints \"can't find command "
                     "`{}'\", and the entry does not start.",
                     where, verb, verb),
         fmt::format("Write {}, which every GRUB has.", verb.starts_with("linux") ? "linux" : "initrd")});
}

Truth GrubRunner::run_loopback(const std::vector<GrubArgument>& words) {
    if (words.size() < 3 || words[1].text.starts_with("-"))
        return Truth::unknown;
    GrubFile file = look(words[2], "loopback", line_);
    if (!file.found.empty() || !file.named.certain)
        return Truth::unknown;
    if (entry_ && entry_->files.size() < grub_list_limit)
        entry_->files.push_back(std::move(file));
    return Truth::no;
}

}  // namespace lktest
