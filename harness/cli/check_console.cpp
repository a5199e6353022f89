// SPDX-License-Identifier: MIT
#include "harness/cli/check_console.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <span>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "harness/console/failures.hpp"
#include "harness/report/check_console_text.hpp"
#include "harness/terminal/terminal.hpp"

namespace lktest {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string standard_input() {
    constexpr std::size_t most = std::size_t{1} << 30;
    std::string text;
    std::array<char, 1 << 16> part{};
    while (const std::size_t read = std::fread(part.data(), 1, part.size(), stdin)) {
        text.append(part.data(), read);
        if (text.size() > most)
            throw usage_error("standard input has more than 1 GiB", "save the log to a file");
    }
    return text;
}

/// Whether many bytes are control characters that no console prints. A serial line may add NUL bytes, and in
/// UTF-16 every other byte may be one.
bool is_binary(std::string_view text) {
    constexpr std::size_t looked_at = 1 << 18;
    text = text.substr(0, looked_at);
    const auto strange = std::ranges::count_if(text, [](char c) {
        return (c > '\0' && c < '\a') || (c > '\r' && c < '\x1b') || (c > '\x1b' && c < ' ');
    });
    return static_cast<std::size_t>(strange) * 20 > text.size() ||
           static_cast<std::size_t>(std::ranges::count(text, '\0')) * 5 > text.size() * 3;
}

/// Why the text cannot be a log; empty if it can.
std::string_view fault_of(std::string_view text) {
    if (text.empty())
        return "it is empty";
    return is_binary(text) ? "it is binary data, not a console log" : "";
}

}  // namespace

void add_check_console(CLI::App& app, CheckConsoleRequest& request) {
    app.add_option(
           "FILE", request.files,
           "saved console log: raw, or from syslog, journalctl, dmesg, a CI system; - for standard input")
        ->type_name("FILE")
        ->required();
    app.add_flag("--json", request.json, "print JSON, one object per file");
}

int check_console(const CheckConsoleRequest& request) {
    const LogWords words = read_log_words(data_file("harness/console/saved_log.toml"));
    const LogRules rules(read_failures(data_file("harness/console/failures.toml")), words);
    bool failed = false, unknown = false;
    for (const std::filesystem::path& file : request.files) {
        const bool piped = file == "-";
        const std::string name = piped ? "standard input" : file.string();
        const std::string input = piped ? standard_input() : "";
        const std::shared_ptr<const MappedFile> mapped = piped ? nullptr : MappedFile::open(file);
        const std::string_view text = piped ? input : text_of(mapped->bytes());
        const std::string_view fault = fault_of(text);
        const CheckedLog log = check_log(fault.empty() ? text : "", rules, words);
        fmt::print("{}", request.json ? check_console_json(name, log)
                                      : check_console_text(name, log, style_of(stdout), fault));
        failed = failed || log.failed();
        unknown = unknown || !log.recognized();
    }
    const ExitCode otherwise = unknown ? ExitCode::usage : ExitCode::passed;
    return static_cast<int>(failed ? ExitCode::boot_failed : otherwise);
}

}  // namespace lktest
