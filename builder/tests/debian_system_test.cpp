// SPDX-License-Identifier: MIT
#include "builder/tree/debian_system.hpp"

#include <gtest/gtest.h>

#include "builder/base/file.hpp"
#include "builder/tests/support/error_of.hpp"
#include "builder/tree/apt_sources.hpp"

namespace lktest {
namespace {

TEST(DebianSystem, NamesTheSuitesThatThereAre) {
    const TempDir cache;
    const DebianRequest request{"nosuch", Arch::x86_64, {}, {}};
    const std::string error = error_of([&] { debian_system(request, cache.path(), [](auto) {}); });
    EXPECT_TRUE(
        error.starts_with("usage: no apt source of this machine offers the suite nosuch\n"
                          "hint: name one of these: "))
        << error;
    EXPECT_NE(error.find(base_suite(read_apt_sources("/etc/apt").at(0).suite)), std::string::npos) << error;
}

}  // namespace
}  // namespace lktest
