// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "builder/tests/support/source_directory.hpp"

namespace lktest {

/// Compares with golden/<name>; rewrites that file when LKTEST_UPDATE_GOLDEN is set.
/// A missing file fails, and updating skips: neither ever passes.
inline void expect_golden(const std::string& name, const std::string& actual) {
    const std::filesystem::path file = source_directory() / "golden" / name;
    if (std::getenv("LKTEST_UPDATE_GOLDEN")) {
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << actual;
        GTEST_SKIP() << "rewrote " << file << "; look at `git diff golden`";
    }
    std::ifstream golden(file, std::ios::binary);
    ASSERT_TRUE(golden) << "no " << file << "; run with LKTEST_UPDATE_GOLDEN=1";
    const std::string expected{std::istreambuf_iterator<char>(golden), {}};
    EXPECT_EQ(actual, expected) << "differs from " << file
                                << "; if that is meant, run with LKTEST_UPDATE_GOLDEN=1";
}

}  // namespace lktest
