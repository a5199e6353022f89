// SPDX-License-Identifier: MIT
#include "harness/console/failures.hpp"

#include "builder/base/file.hpp"
#include "builder/base/toml_reader.hpp"
#include "harness/scenario/failure.hpp"

namespace lktest {

std::vector<Failure> read_failures(const std::filesystem::path& file) {
    TomlSource source{.file = file.string(), .text = read_file(file), .problems = {}};
    const toml::table values = parse_toml(source);
    throw_problems(source.problems, source.text);
    TableReader table(source, values, "");
    std::vector<Failure> failures = read_failure_tables(source, table.tables("failure"));
    table.finish();
    throw_problems(source.problems, source.text);
    return failures;
}

}  // namespace lktest
