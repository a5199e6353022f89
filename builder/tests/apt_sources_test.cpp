// SPDX-License-Identifier: MIT
#include "builder/tree/apt_sources.hpp"

#include <gtest/gtest.h>

#include "builder/base/file.hpp"

namespace lktest {
namespace {

TEST(AptSources, AreReadFromBothStyles) {
    EXPECT_EQ(
        parse_source_list("# deb http://no/ x main\n"
                          "deb [arch=amd64 signed-by=/k.gpg] http://a/debian bookworm main contrib # why\n"
                          "deb-src http://a/debian bookworm main\n"
                          "deb http://flat/ ./\n"),
        (std::vector<AptSource>{{"http://a/debian/", "bookworm", "main contrib", "/k.gpg"}}));
    EXPECT_EQ(
        parse_deb822_sources("Types: deb deb-src\n# a comment\nURIs: http://a/debian\nSuites: x x-updates\n"
                             "Components: main\nSigned-By:\n -----BEGIN\n .\n -----END\n\n"
                             "Types: deb\nEnabled: no\nURIs: http://b\nSuites: y\nComponents: main\n"),
        (std::vector<AptSource>{{"http://a/debian/", "x", "main", "\n -----BEGIN\n .\n -----END"},
                                {"http://a/debian/", "x-updates", "main", "\n -----BEGIN\n .\n -----END"}}));
}

TEST(AptSources, OfADirectoryAreThoseThatAptReads) {
    const TempDir dir;
    make_directories(dir.path() / "sources.list.d");
    write_file(dir.path() / "sources.list", "deb http://a/ one main\n");
    write_file(dir.path() / "sources.list.d/b.list", "deb http://b/ two main\n");
    write_file(dir.path() / "sources.list.d/c.list.disabled", "deb http://c/ three main\n");
    const auto sources = read_apt_sources(dir.path());
    ASSERT_EQ(sources.size(), 2U);
    EXPECT_EQ(sources[1].suite, "two");
}

std::string suites(const std::vector<AptSource>& sources) {
    std::string text;
    for (const AptSource& source : sources)
        text += source.uri + source.suite + " ";
    return text;
}

const std::vector<AptSource> machine{{"http://a/", "bookworm", "main", "k"},
                                     {"http://a/", "bookworm-updates", "main", "k"},
                                     {"http://s/", "bookworm-security", "main", "k"},
                                     {"http://x/", "other", "main", ""}};

TEST(SourcesOfSuite, AreTheMachinesOwnIfItHasTheSuite) {
    EXPECT_EQ(suites(sources_of_suite(machine, "bookworm")),
              "http://a/bookworm http://a/bookworm-updates http://s/bookworm-security ");
    EXPECT_EQ(suites(sources_of_suite(machine, "other")), "http://x/other http://x/other-updates ");
}

TEST(SourcesOfSuite, AreLookedForInAllArchivesOtherwise) {
    EXPECT_EQ(suites(sources_of_suite(machine, "trixie")),
              "http://a/trixie http://a/trixie-updates http://s/trixie-security http://x/trixie "
              "http://x/trixie-updates ");
    EXPECT_EQ(suites(sources_of_suite({machine[0], machine[2]}, "trixie-backports")),
              "http://a/trixie http://a/trixie-updates http://a/trixie-backports http://s/trixie-security ");
}

TEST(SuiteName, IsNeitherAPathNorAnOption) {
    for (const char* good : {"trixie", "bookworm-backports", "24.04"})
        EXPECT_TRUE(is_suite_name(good)) << good;
    for (const char* bad : {"", "../x", "-o", "a/b", "a b", "A"})
        EXPECT_FALSE(is_suite_name(bad)) << bad;
}

TEST(SuitePreferences, PreferBackportsButNeverASuiteToItsSecurityUpdates) {
    EXPECT_EQ(suite_preferences("bookworm"), "");
    EXPECT_TRUE(suite_preferences("bookworm-backports")
                    .starts_with("Package: *\nPin: release n=bookworm-backports\nPin-Priority: 990\n"));
}

TEST(AptSources, AreWrittenAsTheyWereRead) {
    EXPECT_EQ(parse_deb822_sources(as_deb822(machine)), machine);
}

}  // namespace
}  // namespace lktest
