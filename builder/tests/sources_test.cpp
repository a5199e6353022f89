// SPDX-License-Identifier: MIT
// These tests ask this machine's own apt, and download nothing.
#include "builder/sources.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "builder/base/file.hpp"
#include "builder/tests/support/error_of.hpp"

namespace lktest {
namespace {

std::string refusal(const std::string& rest) {
    const TempDir dir;
    write_file(dir.path() / "test.toml", R"(about = "A test"
volume_label = "TEST"
[[menu]]
title = "Start"
)" + rest);
    const Recipe recipe = read_recipe(dir.path() / "test.toml");
    BuildOptions options;
    options.cache = dir.path();
    const std::string text = error_of([&] { fetch_sources(recipe, options, true); });
    return text.substr(std::min(text.find("test.toml"), text.size()));
}

TEST(FetchSources, NamesThePlaceOfAMisspeltPackage) {
    EXPECT_TRUE(refusal("[kernel]\nx86_64 = \"linux-image-amd64\"\n[packages]\ncommon = [\"bash\",\n"
                        "  \"bsuybox-static\"]\n")
                    .starts_with(
                        "test.toml:9:3: this machine's apt sources have no package bsuybox-static for amd64\n"
                        "      \"bsuybox-static\"]\n      ^\nhint: correct the name"));
    EXPECT_TRUE(
        refusal("[kernel]\nx86_64 = \"linux-image-amd46\"\n[packages]\ncommon = []\n")
            .starts_with("test.toml:6:10: this machine's apt sources have no package linux-image-amd46"));
}

TEST(FetchSources, NamesThePlaceOfAnUnknownSuite) {
    const std::string text =
        refusal("[kernel]\nx86_64 = \"linux-image-amd64\"\n[packages]\nsuite = \"nosuch\"\n");
    EXPECT_TRUE(text.starts_with("test.toml:8:9: no apt source of this machine offers the suite nosuch\n"))
        << text;
    EXPECT_NE(text.find("hint: name one of these: "), std::string::npos) << text;
}

/// The backports of a stable release keep a GRUB that a current shim has revoked.
TEST(LoaderSuite, IsNeverTheBackports) {
    Recipe recipe;
    recipe.root.kind = RootKind::packages;
    for (const auto& [suite, expected] :
         {std::pair{"bookworm-backports", "bookworm"}, {"trixie", "trixie"}, {"", ""}}) {
        recipe.suite = suite;
        EXPECT_EQ(loader_suite(recipe), expected);
    }
    recipe.root.kind = RootKind::debian;
    recipe.root.suite = "trixie-backports";
    EXPECT_EQ(loader_suite(recipe), "trixie");
}

}  // namespace
}  // namespace lktest
