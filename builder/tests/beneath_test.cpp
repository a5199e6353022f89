// SPDX-License-Identifier: MIT
#include "builder/base/beneath.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

class OpenBeneath : public testing::Test {
protected:
    OpenBeneath() {
        make_directories(tree() / "live");
        write_file(tree() / "live/01.sb", "layer");
        write_file(directory_.path() / "secret", "secret");
    }
    fs::path tree() const { return directory_.path() / "tree"; }
    fs::path outside() const { return directory_.path(); }
    bool opens(const fs::path& path) const {
        return static_cast<bool>(open_beneath(open_directory(tree()).get(), path));
    }
    bool opens_without_links(const fs::path& path) const {
        return static_cast<bool>(open_beneath_without_links(open_directory(tree()).get(), path));
    }

private:
    TempDir directory_;
};

TEST_F(OpenBeneath, FindsFilesAndLinksThatStayInside) {
    fs::create_symlink("live/01.sb", tree() / "link");
    fs::create_directory_symlink("live", tree() / "directory");
    fs::create_symlink("../live/01.sb", tree() / "live/up");
    for (const char* path : {"live/01.sb", "live/./01.sb", "link", "directory/01.sb", "live/up"})
        EXPECT_TRUE(opens(path)) << path;
    EXPECT_TRUE(opens_without_links("live/01.sb"));
    EXPECT_FALSE(opens_without_links("link"));
    EXPECT_FALSE(opens_without_links("directory/01.sb"));
}

TEST_F(OpenBeneath, FollowsNothingThatLeadsOut) {
    fs::create_directory_symlink("/", tree() / "root");
    fs::create_symlink("../secret", tree() / "relative");
    fs::create_symlink(outside() / "secret", tree() / "absolute");
    fs::create_symlink(tree() / "live/01.sb", tree() / "absolute-inside");
    fs::create_directory_symlink("..", tree() / "up");
    fs::create_symlink("/proc/self/cwd", tree() / "magic");
    for (const char* path : {"root/etc/passwd", "relative", "absolute", "absolute-inside", "up/secret",
                             "../secret", "live/../../secret", "/etc/passwd", "", "magic"}) {
        EXPECT_FALSE(opens(path)) << path;
        EXPECT_FALSE(opens_without_links(path)) << path;
    }
    EXPECT_FALSE(opens(std::string("live/01.sb\0x", 12)));
}

TEST_F(OpenBeneath, OpensOnlyRegularFiles) {
    ASSERT_EQ(::mkfifo((tree() / "pipe").c_str(), 0600), 0);
    for (const char* path : {"pipe", "live", "nothing", "."}) {  // and does not wait for a writer
        EXPECT_FALSE(opens(path)) << path;
        EXPECT_FALSE(opens_without_links(path)) << path;
    }
}

TEST_F(OpenBeneath, ADirectoryThatIsALinkIsTakenOnlyWhereTheUserChoseIt) {
    fs::create_directory_symlink(tree(), outside() / "link");
    EXPECT_TRUE(open_directory(outside() / "link"));
    EXPECT_THROW(HeldDirectory(outside() / "link"), Error);
    EXPECT_THROW(open_directory(outside() / "nothing"), Error);
}

TEST_F(OpenBeneath, AHeldDirectoryStaysWhereItIs) {
    const HeldDirectory held(tree());
    make_directories(outside() / "trap");
    fs::rename(tree(), outside() / "moved");
    fs::create_directory_symlink(outside() / "trap", tree());
    write_file(held.path() / "report", "x");
    check_process({"cp", (outside() / "secret").string(), (held.path() / "copy").string()});
    EXPECT_EQ(read_file(outside() / "moved/report"), "x");
    EXPECT_EQ(read_file(outside() / "moved/copy"), "secret");
    EXPECT_TRUE(fs::is_empty(outside() / "trap"));
    EXPECT_EQ(held.with_name("cannot write " + (held.path() / "report").string() + ": no"),
              "cannot write " + (tree() / "report").string() + ": no");
}

}  // namespace
}  // namespace lktest
