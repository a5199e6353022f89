// SPDX-License-Identifier: MIT
#include "harness/diagnose/causes.hpp"

#include <algorithm>
#include <array>

#include "builder/base/file.hpp"
#include "builder/base/toml_reader.hpp"
#include "harness/scenario/names.hpp"
#include "harness/scenario/patterns.hpp"

namespace lktest {
namespace {

constexpr std::array<std::string_view, 6> stages{"firmware", "secure-boot", "boot-loader",
                                                 "kernel",   "initramfs",   "userspace"};

Cause read_cause(TomlSource& source, const toml::table& values) {
    TableReader table(source, values, "[[cause]]");
    Cause cause;
    cause.id = table.required_string("id");
    if (const auto stage = table.one_of("stage", stages))
        cause.stage = stages[*stage];
    cause.arches = read_names(source, table, "arch", all_arches);
    cause.firmwares = read_names(source, table, "firmware", all_firmwares);
    cause.failures = table.strings("failure");
    cause.patterns = read_patterns(source, table, "pattern");
    cause.last = read_patterns(source, table, "last");
    cause.without = read_patterns(source, table, "without");
    cause.findings = table.strings("finding");
    cause.silences = table.strings("silence");
    cause.signs = table.strings("sign");
    cause.required = table.strings("requires");
    cause.refuting = table.strings("refuted");
    cause.strict = table.boolean("strict").value_or(false);
    cause.inspected = table.boolean("inspected").value_or(false);
    cause.lasting = table.boolean("lasting").value_or(false);
    cause.consequence = table.boolean("consequence").value_or(false);
    cause.remark = table.boolean("remark").value_or(false);
    cause.cause = table.required_string("cause");
    cause.fix = table.required_string("fix");
    cause.source = table.required_string("source");
    table.finish();
    return cause;
}

}  // namespace

std::vector<Cause> read_causes(const std::filesystem::path& file) {
    TomlSource source{.file = file.string(), .text = read_file(file), .problems = {}};
    const toml::table values = parse_toml(source);
    throw_problems(source.problems, source.text);
    TableReader top(source, values, "");
    std::vector<Cause> causes;
    for (const toml::table* cause : top.tables("cause"))
        causes.push_back(read_cause(source, *cause));
    top.finish();
    throw_problems(source.problems, source.text);
    return causes;
}

}  // namespace lktest
