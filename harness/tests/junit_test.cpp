// SPDX-License-Identifier: MIT
#include "harness/report/junit.hpp"

#include <gtest/gtest.h>

#include <pugixml.hpp>

#include "builder/tests/support/golden.hpp"
#include "harness/tests/support/sample_report.hpp"

namespace lktest {
namespace {

TEST(JunitReport, TellsFailuresHostFaultsAndSkippedCellsApart) {
    expect_golden("report/junit.xml", junit_report(sample_failures()));
}

TEST(JunitReport, LeavesOutWhatHasNotEnded) {
    results::Run report = sample_report();
    report.cells[0].verdict.reset();
    pugi::xml_document document;
    ASSERT_TRUE(document.load_string(junit_report(report).c_str()));
    EXPECT_STREQ(document.child("testsuites").child("testsuite").attribute("tests").value(), "3");
}

TEST(JunitReport, HoldsOnlyCharactersThatXmlAllows) {
    results::Run report = sample_failures();
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte)
        bytes += static_cast<char>(byte);
    bytes += "\uffff\ufffe]]>";
    report.cells[1].verdict->evidence = {bytes};
    report.cells[1].verdict->reason = bytes;
    const std::string xml = junit_report(report);
    for (const char c : xml)
        EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << static_cast<int>(c);
    pugi::xml_document document;
    EXPECT_TRUE(document.load_string(xml.c_str()));
}

}  // namespace
}  // namespace lktest
