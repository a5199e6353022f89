// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/tests/support/source_directory.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

const fs::path scripts = source_directory() / "builder/initramfs";

TEST(InitScripts, AreShellThatShellcheckHasNothingToSayOf) {
    // 2034, 2154: names that one part sets and another reads. 2046, 2086: lists that are meant to
    // be split. 2013, 2015, 3043, 3045, 3057: intended, or supported by busybox's shell.
    std::vector<std::string> command{"shellcheck", "--shell=dash",
                                     "--exclude=1090,1091,2013,2015,2034,2046,2086,2154,3043,3045,3057"};
    for (const fs::directory_entry& entry : fs::directory_iterator(scripts))
        if (entry.path().extension() == ".sh")
            command.push_back(entry.path());
    EXPECT_EQ(run_process(command).out, "");
}

TEST(InitScripts, InitReadsEveryPartThatThereIs) {
    const std::string init = read_file(scripts / "init.sh");
    const std::size_t start = init.find("for part in ") + 12;
    std::istringstream words(init.substr(start, init.find(';', start) - start));
    std::set<std::string> read{"init", "say", "lease"}, there;
    for (std::string part; words >> part;)
        read.insert(part);
    for (const fs::directory_entry& entry : fs::directory_iterator(scripts))
        if (entry.path().extension() == ".sh")
            there.insert(entry.path().stem());
    EXPECT_EQ(read, there);
}

}  // namespace
}  // namespace lktest
