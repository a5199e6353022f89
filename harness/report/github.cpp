// SPDX-License-Identifier: MIT
#include "harness/report/github.hpp"

#include <fmt/format.h>

#include <map>

#include "builder/base/ci_commands.hpp"

namespace lktest {
namespace {

using results::CellResult;

constexpr std::size_t most_of_a_kind = 10;

/// The data of a workflow command (github.com/actions/toolkit, packages/core/src/command.ts). Other
/// runners may find their own commands in it, so those are broken too.
std::string for_command(std::string_view text, bool property) {
    std::string out;
    for (const char c : without_commands(text)) {
        if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out;
}

std::string_view kind_of(const CellResult& cell) {
    if (!cell.tolerated())
        return "error";
    return cell.verdict->is(Outcome::flaky) ? "warning" : "notice";
}

}  // namespace

std::string github_annotations(const results::Run& run) {
    std::string text;
    std::map<std::string_view, std::size_t> numbers;
    for (const CellResult& cell : run.cells) {
        if (!cell.bootable() || cell.passed() || ++numbers[kind_of(cell)] > most_of_a_kind)
            continue;
        std::string message = cell.outcome();
        if (cell.verdict && !cell.verdict->reason.empty())
            message = cell.verdict->reason;
        if (cell.verdict) {
            if (const std::string attempts = results::failed_attempts(*cell.verdict); !attempts.empty())
                message += "; " + attempts;
            if (!cell.verdict->hint.empty())
                message += "\nfix: " + cell.verdict->hint;
        }
        if (!cell.reproduce.empty())
            message += "\nagain: " + cell.reproduce;
        text += fmt::format("::{} title={}::{}\n", kind_of(cell),
                            for_command(fmt::format("{} {}", cell.cell.name, cell.outcome()), true),
                            for_command(message, false));
    }
    return text;
}

}  // namespace lktest
