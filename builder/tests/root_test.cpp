// SPDX-License-Identifier: MIT
#include "builder/root.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "builder/base/file.hpp"
#include "builder/live_root.hpp"
#include "builder/report/report.hpp"
#include "builder/tests/support/elf_bytes.hpp"
#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/make_deb.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// A directory to build from, and options that collect warnings.
struct Setting {
    TempDir dir;
    std::vector<std::string> told;
    Recipe recipe;
    BuildOptions options;

    Setting() {
        recipe.root.kind = RootKind::directory;
        recipe.root.path = dir.path();
        options.output = dir.path() / "live.iso";
        options.cache = dir.path() / "cache";
        options.warn = [this](std::string_view text) { told.emplace_back(text); };
        make_directories(dir.path() / "bin");
    }
    void put(const std::string& path, std::string_view content) { write_file(dir.path() / path, content); }
    FileTree read() { return read_root(recipe, options).tree; }
};

TEST(ReadRoot, LeavesOutTheImageItselfAndTheCache) {
    Setting setting;
    make_directories(setting.options.cache);
    setting.put("live.iso", "old");
    setting.put("live.iso.inputs", "old");
    setting.put("bin/x", "");
    const FileTree tree = setting.read();
    EXPECT_TRUE(tree.find("/bin/x"));
    EXPECT_EQ(tree.count(), 2U);
}

TEST(ReadRoot, LeavesOutWhatTheRecipeExcludes) {
    Setting setting;
    setting.put("bin/x", "");
    setting.put("bin/y.bak", "");
    setting.recipe.exclude = {"*.bak"};
    const FileTree tree = setting.read();
    EXPECT_TRUE(tree.find("/bin/x"));
    EXPECT_FALSE(tree.find("/bin/y.bak"));
}

TEST(ReadRoot, ListsEveryFileThatCannotBeReadAndFailsUnlessThatIsAllowed) {
    const bool root = ::geteuid() == 0;
    const auto forbidden = [&] {
        Setting setting;
        for (int n = 10; n < 35; ++n) {
            setting.put(fmt::format("bin/{}", n), "secret");
            ::chmod((setting.dir.path() / fmt::format("bin/{}", n)).c_str(), 0);
        }
        setting.put("bin/open", "");
        const std::string refused = error_of([&] { setting.read(); });
        EXPECT_TRUE(refused.starts_with(
            fmt::format("host: cannot read 25 of the files in {}:\n  /bin/", setting.dir.path().string())))
            << refused;
        EXPECT_EQ(std::ranges::count(refused, '\n'), 22) << "20 files, how many more, and a hint";
        EXPECT_TRUE(
            refused.ends_with("\n  … and 5 more\nhint: run as root, or omit them with "
                              "allow_unreadable = true in [root]"))
            << refused;
        setting.recipe.root.allow_unreadable = true;
        EXPECT_EQ(setting.read().count(), 2U);
        ASSERT_EQ(setting.told.size(), 1U);
        EXPECT_TRUE(setting.told[0].starts_with("25 files are omitted, they cannot be read:\n  /bin/"));
    };
    // Root can read everything, so this needs another user.
    if (root) {
        ASSERT_EQ(::seteuid(65534), 0);
    }
    forbidden();
    if (root) {
        ASSERT_EQ(::seteuid(0), 0);
    }
}

TEST(ReadRoot, NamesTheProgramThatIsForAnotherMachine) {
    Setting setting;
    setting.put("bin/dash", elf_bytes(183));
    fs::create_symlink("/bin/dash", setting.dir.path() / "bin/sh");
    EXPECT_EQ(error_of([&] { setting.read(); }),
              "usage: the root is not for x86_64: its /bin/dash is a 64-bit aarch64 "
              "program\nhint: use the root's architecture for --arch, or another root");
    setting.options.arch = Arch::aarch64;
    EXPECT_EQ(error_of([&] { setting.read(); }), "nothing was thrown");
}

TEST(ReadRoot, ChangesItsIdentityWithAnyFile) {
    Setting setting;
    setting.put("bin/x", "one");
    const auto identity = [&] { return read_root(setting.recipe, setting.options).identity; };
    const std::string before = identity();
    EXPECT_EQ(before, identity());
    ::chmod((setting.dir.path() / "bin/x").c_str(), 0700);
    const std::string after = identity();
    EXPECT_NE(before, after);
    setting.recipe.exclude = {"/nothing"};
    EXPECT_NE(after, identity());
}

TEST(RootAt, TellsAPathsKindByLookingAtIt) {
    const TempDir dir;
    EXPECT_EQ(root_at("system", {}).kind, RootKind::system);
    EXPECT_EQ(root_at("/", {}).kind, RootKind::system);
    EXPECT_EQ(root_at(dir.path(), {}).kind, RootKind::directory);
    const std::string file = dir.path() / "file";
    write_file(file, make_tar({{.path = "./a", .text = "x"}}, false, "zstd"));
    EXPECT_EQ(root_at(file, {}).kind, RootKind::tar);
    write_file(file, "text");
    EXPECT_EQ(error_of([&] { root_at(file, {}); }),
              "usage: " + file +
                  " is not a directory, tar archive, SquashFS image, container image or ISO with a root");
}

TEST(FilesOver, LeaveTheDirectoriesAndLinksOfTheRootAsTheyAre) {
    FileTree root;
    root.root().permissions = 0751;
    root.put_directory("/etc", 0700);
    root.find("/etc")->uid = 7;
    root.put_directory("/usr/sbin", 0711);
    root.put_symlink("/sbin", "/usr/sbin");
    Recipe recipe;
    recipe.files = {{.path = "/etc/fstab", .content = "none", .symlink = {}},
                    {.path = "/sbin/own", .content = "x", .symlink = {}},
                    {.path = "/new/file", .content = "y", .symlink = {}}};
    const FileTree tree = files_over(recipe, root, {}, {}, 5);
    EXPECT_EQ(tree.root().permissions, 0751U);
    EXPECT_EQ(tree.find("/etc")->permissions, 0700U);
    EXPECT_EQ(tree.find("/etc")->uid, 7U);
    EXPECT_EQ(tree.find("/etc")->entries.size(), 1U);
    EXPECT_FALSE(tree.find("/sbin")) << "it would cover the link";
    EXPECT_EQ(tree.find("/usr/sbin/own")->content.whole(), "x");
    EXPECT_EQ(tree.find("/usr/sbin")->permissions, 0711U);
    EXPECT_EQ(tree.find("/new/file")->mtime, 5);
}

TEST(FilesOver, GiveARootWithoutInitOne) {
    FileTree root;
    root.put_directory("/sbin");
    const std::vector<ExtraFile> reporting{{.path = "/sbin/init", .content = {}, .symlink = report_busybox}};
    const FileTree tree = files_over({}, root, reporting, Content::text("busybox"), 0);
    EXPECT_EQ(tree.find("/sbin/init")->target, "/usr/lib/lktest/busybox");
    EXPECT_EQ(tree.find("/usr/lib/lktest/busybox")->content.whole(), "busybox");
}

}  // namespace
}  // namespace lktest
