// SPDX-License-Identifier: MIT
// Saved logs of many systems with known answers, golden/console/logs/*.txt. Each log begins with a line
//
//   === NAME | failure or clean | lines | stages | words
//
// lines: where the first failure may be, from 1; stages: the acceptable stages of the boot; words: one of
// them must be in the kind or the reason. "-" means that it is not checked. "," separates the alternatives of
// lines, ";" all others.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <sstream>

#include "builder/base/file.hpp"
#include "builder/tests/support/source_directory.hpp"
#include "harness/console/check_log.hpp"
#include "harness/console/failures.hpp"

namespace lktest {
namespace {

struct GoldenLog {
    std::string name, result, lines, stages, words, text;
};

std::vector<std::string> parts_of(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);)
        parts.push_back(part);
    return parts;
}

std::string trimmed(const std::string& text) {
    const std::size_t begin = text.find_first_not_of(' ');
    return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

std::vector<GoldenLog> golden_logs() {
    std::vector<GoldenLog> logs;
    for (const auto& entry :
         std::filesystem::directory_iterator(source_directory() / "golden/console/logs")) {
        bool begun = false;
        for (const std::string& line : parts_of(read_file(entry.path()), '\n')) {
            if (line.starts_with("=== ")) {
                const std::vector<std::string> head = parts_of(line.substr(4), '|');
                if (head.size() != 5)
                    throw std::runtime_error(fmt::format("{}: {}", entry.path().string(), line));
                logs.push_back({trimmed(head[0]), trimmed(head[1]), trimmed(head[2]), trimmed(head[3]),
                                trimmed(head[4]), ""});
                begun = true;
            } else if (begun) {
                logs.back().text += line + "\n";
            }
        }
    }
    std::ranges::sort(logs, {}, &GoldenLog::name);
    return logs;
}

void PrintTo(const GoldenLog& log, std::ostream* out) {
    *out << log.name;
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool is_one_of(const std::string& said, const std::string& alternatives, char separator) {
    const std::vector<std::string> parts = parts_of(alternatives, separator);
    return alternatives == "-" || std::ranges::find(parts, said) != parts.end();
}

class GoldenLogs : public testing::TestWithParam<GoldenLog> {};

TEST_P(GoldenLogs, AreReadAsTheyWereMeant) {
    static const LogWords words = read_log_words(source_directory() / "harness/console/saved_log.toml");
    static const LogRules rules(read_failures(source_directory() / "harness/console/failures.toml"), words);
    const CheckedLog log = check_log(GetParam().text, rules, words);
    EXPECT_TRUE(is_one_of(log.stage(), GetParam().stages, ';')) << "stage " << log.stage();
    const LogFinding* first = log.first_failure();
    if (GetParam().result == "clean") {
        EXPECT_EQ(first, nullptr) << first->kind << ": " << first->reason << ", line " << first->line;
        return;
    }
    ASSERT_NE(first, nullptr);
    EXPECT_TRUE(is_one_of(std::to_string(first->line), GetParam().lines, ','))
        << first->kind << ", line " << first->line;
    const std::string said = lower(first->kind + " " + first->reason);
    const std::vector<std::string> wanted = parts_of(GetParam().words, ';');
    EXPECT_TRUE(std::ranges::any_of(wanted, [&said](const std::string& word) {
        return said.find(lower(word)) != said.npos;
    })) << said;
}

std::string test_name(const testing::TestParamInfo<GoldenLog>& info) {
    std::string name = info.param.name;
    std::erase_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
    return name;
}

INSTANTIATE_TEST_SUITE_P(Console, GoldenLogs, testing::ValuesIn(golden_logs()), test_name);

}  // namespace
}  // namespace lktest
