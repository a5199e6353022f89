// SPDX-License-Identifier: MIT
#include "harness/report/json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "builder/tests/support/golden.hpp"
#include "harness/tests/support/sample_report.hpp"

namespace lktest {
namespace {

TEST(JsonReport, HoldsTheWholeRun) {
    expect_golden("report/matrix.json", json_report(sample_failures()));
}

TEST(JsonReport, SaysThatARunIsNotOverYet) {
    results::Run report = sample_report();
    report.complete = false;
    report.cells[0].verdict.reset();
    const auto json = nlohmann::json::parse(json_report(report));
    EXPECT_EQ(json["complete"], false);
    EXPECT_EQ(json["exit_code"], nullptr);
    EXPECT_EQ(json["cells"][0]["outcome"], nullptr);
    EXPECT_EQ(json["counts"]["unfinished"], 1);
}

TEST(JsonReport, TakesAnyBytes) {
    results::Run report = sample_report();
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte)
        bytes += static_cast<char>(byte);
    report.cells[0].verdict->evidence = {bytes};
    report.cells[0].cell.image_path = "/\xff.iso";
    report.command = {bytes};
    const auto json = nlohmann::json::parse(json_report(report));
    EXPECT_EQ(json["cells"][0]["image"]["path"], "/\\xff.iso");
}

TEST(JsonLine, IsOneLineForAnyEvent) {
    const Event event{std::chrono::microseconds(1234567), Event::Kind::milestone, Source::serial, "kernel",
                      "Linux version 6.1\r\n\x1b[31m\xff"};
    EXPECT_EQ(json_line(event), R"({"at":1.234567,"kind":"milestone","source":"serial","name":"kernel",)"
                                R"("text":"Linux version 6.1\\x0d\\x0a\\x1b[31m\\xff"})"
                                "\n");
}

}  // namespace
}  // namespace lktest
