// SPDX-License-Identifier: MIT
#include "builder/tree/debian_system.hpp"

#include <gtest/gtest.h>

#include "builder/base/file.hpp"
#include "builder/tests/support/error_of.hpp"

namespace lktest {
namespace {

TEST(SuiteSources, AreThoseOfTheSuiteWithItsUpdatesOnce) {
    const std::string targets =
        "http://a/debian/|bookworm|main|/keys/a.gpg\n"
        "http://a/debian/|bookworm|main|/keys/a.gpg\n"  // of another architecture
        "http://a/debian/|bookworm-updates|main|$(SIGNED_BY)\n"
        "http://a/debian/|trixie|main|$(SIGNED_BY)\n"
        "http://a/x/|bookwormish|main|\n";
    EXPECT_EQ(suite_sources(targets, "bookworm"),
              (std::vector<std::string>{"deb [signed-by=/keys/a.gpg] http://a/debian/ bookworm main",
                                        "deb http://a/debian/ bookworm-updates main"}));
}

TEST(DebianSystem, NamesTheSuitesThatThereAre) {
    const TempDir cache;
    const DebianRequest request{"nosuch", Arch::x86_64, {}, {}};
    const std::string error = error_of([&] { debian_system(request, cache.path(), [](auto) {}); });
    EXPECT_TRUE(error.starts_with("usage: this machine's apt sources do not have the suite nosuch, only "))
        << error;
}

}  // namespace
}  // namespace lktest
