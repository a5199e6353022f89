// SPDX-License-Identifier: MIT
#include "harness/cli/check_console.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "harness/console/failures.hpp"
#include "harness/report/check_console_text.hpp"
#include "harness/terminal/terminal.hpp"

namespace lktest {
namespace {

std::string_view text_of(const MappedFile& file) {
    const auto bytes = file.bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void add_check_console(CLI::App& app, CheckConsoleRequest& request) {
    app.add_option("FILE", request.files,
                   "saved console log: raw, or from syslog, journalctl, dmesg, a CI system")
        ->type_name("FILE")
        ->required();
    app.add_flag("--json", request.json, "print JSON, one object per file");
}

int check_console(const CheckConsoleRequest& request) {
    const LogWords words = read_log_words(data_file("harness/console/saved_log.toml"));
    const LogRules rules(read_failures(data_file("harness/console/failures.toml")), words);
    bool failed = false, unknown = false;
    for (const std::filesystem::path& file : request.files) {
        const CheckedLog log = check_log(text_of(*MappedFile::open(file)), rules, words);
        fmt::print("{}", request.json ? check_console_json(file.string(), log)
                                      : check_console_text(file.string(), log, style_of(stdout)));
        failed = failed || log.failed();
        unknown = unknown || !log.recognized();
    }
    const ExitCode otherwise = unknown ? ExitCode::usage : ExitCode::passed;
    return static_cast<int>(failed ? ExitCode::boot_failed : otherwise);
}

}  // namespace lktest
