// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "harness/cli/inspect.hpp"

namespace lktest {
namespace {

using testing::HasSubstr;

InspectRequest request_for(const std::filesystem::path& directory) {
    InspectRequest request;
    request.iso = directory;
    request.json = true;
    return request;
}

TEST(InspectDirectory, ABootServersFilesAreReadInTheConfinedProcess) {
    const TempDir server;
    write_file(server.path() / "boot.ipxe", "#!ipxe\nkernel images/vmlinuz console=ttyS0\nboot\n");
    for (int i = 0; i < 40; ++i)
        write_file(server.path() / ("other" + std::to_string(i)), "x");
    testing::internal::CaptureStdout();
    const int status = inspect(request_for(server.path()));
    EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("kernel-missing"));
    EXPECT_EQ(status, 1);
}

TEST(InspectDirectory, AnEmptyOneIsRefused) {
    const TempDir server;
    EXPECT_THROW(inspect(request_for(server.path())), Error);
}

}  // namespace
}  // namespace lktest
