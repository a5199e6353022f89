// SPDX-License-Identifier: MIT
// `cmake --install` as after ci/quickstart, which builds nothing but the program.
#include <gtest/gtest.h>

#include <algorithm>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

TEST(Install, IsCompleteOnceTheProgramIsBuilt) {
    const TempDir root;
    check_process({"cmake", "--install", LKTEST_BUILD_DIRECTORY, "--prefix", "/usr"},
                  {.environment = {{"DESTDIR", root.path().string()}}});
    const fs::path usr = root.path() / "usr";
    for (const char* file :
         {"bin/lktest", "share/man/man1/lktest.1", "share/man/man1/lktest-run.1",
          "share/man/man1/lktest-debug.1", "share/man/man5/lktest-scenario.5",
          "share/man/man5/lktest-recipe.5", "share/bash-completion/completions/lktest",
          "share/lktest/scenarios/boot.toml", "share/lktest/builder/recipes/recovery.toml"})
        EXPECT_TRUE(fs::is_regular_file(usr / file)) << file;
    EXPECT_FALSE(fs::exists(usr / "share/man/man1/lktest-recipe.5"));

    const std::string program = (usr / "bin/lktest").string();
    EXPECT_EQ(check_process({program, "version"}).find("lktest "), 0U);
    const std::string help = check_process({program, "help"});
    std::size_t pages = 0;
    for (const auto& page : fs::directory_iterator(usr / "share/man/man1")) {
        const std::string stem = page.path().stem().string();
        EXPECT_NE(help.find(stem == "lktest" ? "Usage:" : "  " + stem.substr(7) + " "), std::string::npos)
            << stem;
        ++pages;
    }
    EXPECT_GT(pages, 15U);
}

}  // namespace
}  // namespace lktest
