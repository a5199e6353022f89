// SPDX-License-Identifier: MIT
#include "harness/console/log_words.hpp"

#include <array>
#include <functional>

#include "builder/base/file.hpp"
#include "builder/base/toml_reader.hpp"
#include "harness/scenario/failure.hpp"
#include "harness/scenario/patterns.hpp"

namespace lktest {
namespace {

void read_section(TomlSource& source, TableReader& top, const std::string& key,
                  const std::function<void(TableReader&)>& read) {
    const toml::table* values = top.table(key);
    if (!values)
        return top.complain(key, "[" + key + "] is missing");
    TableReader table(source, *values, "[" + key + "]");
    read(table);
    table.finish();
}

LogWords::Stage read_stage(TomlSource& source, const toml::table& values) {
    TableReader table(source, values, "[[stage]]");
    LogWords::Stage stage{.name = table.required_string("name"),
                          .patterns = read_patterns(source, table, "pattern"),
                          .kernel = table.boolean("kernel").value_or(false),
                          .settled = table.boolean("settled").value_or(false)};
    table.finish();
    return stage;
}

LogWords::Keeper read_keeper(TomlSource& source, const toml::table& values) {
    using Writer = LogWords::Keeper::Writer;
    TableReader table(source, values, "[[keeper]]");
    LogWords::Keeper keeper{
        .name = table.required_string("name"), .prefix = nullptr, .writer = Writer::unsaid};
    const std::vector<Pattern> prefixes = read_patterns(source, table, "prefix");
    if (prefixes.size() == 1)
        keeper.prefix = prefixes.front();
    else
        table.complain("prefix", "'prefix' must be one expression");
    constexpr std::array<std::string_view, 2> writers{"kernel", "program"};
    if (const auto writer = table.one_of("writer", writers))
        keeper.writer = *writer == 0 ? Writer::kernel : Writer::program;
    table.finish();
    return keeper;
}

LogWords::Handover read_handover(TomlSource& source, const toml::table& values) {
    TableReader table(source, values, "[[handover]]");
    LogWords::Handover handover{.patterns = read_patterns(source, table, "pattern"),
                                .clears = table.strings("clears")};
    table.finish();
    return handover;
}

std::shared_ptr<const re2::RE2::Set> set_of(const std::vector<LogWords::Keeper>& keepers) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    const auto set = std::make_shared<re2::RE2::Set>(options, re2::RE2::ANCHOR_START);
    for (const LogWords::Keeper& keeper : keepers)
        set->Add(keeper.prefix->pattern(), nullptr);
    set->Compile();
    return set;
}

}  // namespace

LogWords read_log_words(const std::filesystem::path& file) {
    TomlSource source{.file = file.string(), .text = read_file(file), .problems = {}};
    const toml::table values = parse_toml(source);
    throw_problems(source.problems, source.text);
    TableReader top(source, values, "");
    LogWords words;
    for (const toml::table* keeper : top.tables("keeper"))
        words.keepers.push_back(read_keeper(source, *keeper));
    read_section(source, top, "kernel",
                 [&](TableReader& table) { words.kernel_words = read_patterns(source, table, "words"); });
    for (const toml::table* stage : top.tables("stage"))
        words.stages.push_back(read_stage(source, *stage));
    words.last_words = read_failure_tables(source, top.tables("last-words"));
    words.at_end = read_failure_tables(source, top.tables("log-end"));
    for (const toml::table* handover : top.tables("handover"))
        words.handovers.push_back(read_handover(source, *handover));
    read_section(source, top, "excerpt",
                 [&](TableReader& table) { words.boot_things = read_patterns(source, table, "things"); });
    read_section(source, top, "process-one", [&](TableReader& table) {
        words.root_mounted = read_patterns(source, table, "root-mounted");
        words.process_one_ended = table.strings("ended");
    });
    read_section(source, top, "initramfs", [&](TableReader& table) {
        words.in_initramfs = read_patterns(source, table, "entered");
        words.left_initramfs = read_patterns(source, table, "left");
    });
    read_section(source, top, "request", [&](TableReader& table) {
        words.requested = read_patterns(source, table, "pattern");
        words.request_warnings = table.strings("warnings");
        words.answered = table.strings("answered");
    });
    read_section(source, top, "report", [&](TableReader& table) {
        words.report_open = read_patterns(source, table, "open");
        words.report_body = read_patterns(source, table, "body");
        words.report_end = read_patterns(source, table, "end");
        words.vague = table.strings("vague");
        words.rests = table.strings("rests");
    });
    read_section(source, top, "service-manager",
                 [&](TableReader& table) { words.manager = read_patterns(source, table, "pattern"); });
    read_section(source, top, "reboot", [&](TableReader& table) {
        words.banner = read_patterns(source, table, "banner");
        words.firmware = read_patterns(source, table, "firmware");
        words.announced = read_patterns(source, table, "announced");
        words.replayed = read_patterns(source, table, "replayed");
        words.stopped_by_program = read_patterns(source, table, "by-program");
    });
    read_section(source, top, "emulation", [&](TableReader& table) {
        words.emulated = read_patterns(source, table, "machine");
        words.accelerated = read_patterns(source, table, "hardware");
        words.emulated_warnings = table.strings("warnings");
    });
    top.finish();
    throw_problems(source.problems, source.text);
    if (!words.keepers.empty())
        words.any_keeper = set_of(words.keepers);
    return words;
}

}  // namespace lktest
