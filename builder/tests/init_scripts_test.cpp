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
    for (const char* directory : {"builder/initramfs", "builder/report", "builder/kernel"})
        for (const fs::directory_entry& entry : fs::directory_iterator(source_directory() / directory))
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

/// What the initramfs finds at a path of the root, whatever is at the same path of its own.
bool in_root(const fs::path& root, const std::string& path) {
    const std::string script = ". \"$1\"; newroot=$2; in_root \"$3\"";
    return run_process({"sh", "-c", script, "sh", scripts / "layers.sh", root, path}).status == 0;
}

TEST(InitScripts, FindInitThroughLinksOfTheRootItself) {
    const TempDir dir;
    const fs::path root = dir.path();
    for (const char* directory : {"usr/sbin", "nix/store"})
        make_directories(root / directory);
    for (const char* file : {"usr/sbin/init", "nix/store/init"}) {
        write_file(root / file, "program");
        fs::permissions(root / file, fs::perms::owner_all);
    }
    write_file(root / "usr/sbin/data", "no program");
    fs::create_symlink("/usr/sbin", root / "sbin");
    fs::create_symlink("sbin/../../nix/store/init", root / "init");
    fs::create_symlink("loop", root / "loop");
    fs::create_symlink("/bin/sh", root / "usr/sbin/shell");  // there is one outside the root
    for (const char* good : {"/sbin/init", "/init", "/usr/../sbin/./init", "/../sbin/init"})
        EXPECT_TRUE(in_root(root, good)) << good;
    for (const char* bad : {"/sbin/none", "/sbin/data", "/sbin", "/loop", "/sbin/shell"})
        EXPECT_FALSE(in_root(root, bad)) << bad;
}

}  // namespace
}  // namespace lktest
