// SPDX-License-Identifier: MIT
#include "builder/image/output.hpp"

#include <gtest/gtest.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/image/checksums.hpp"
#include "builder/manifest.hpp"
#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/nobody.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

class Output : public testing::Test {
protected:
    TempDir directory_;
    std::vector<ImageFile> files_ = [this] {
        write_file(directory_.path() / "layer", std::string(100'000, 'l'));
        std::vector<ImageFile> files{{"/boot/vmlinuz", std::string("kernel")},
                                     {"/live/01-a.sb", directory_.path() / "layer"}};
        files.push_back({checksums_path, checksum_list(digests(files))});
        return files;
    }();

    /// The output of sha256sum for the list of files.
    std::string checked(const fs::path& root) {
        ProcessOptions there;
        there.directory = root;
        return check_process({"sha256sum", "-c", checksums_path + 1}, there);
    }
};

TEST_F(Output, OfADirectoryHasFilesThatSha256sumConfirms) {
    const fs::path out = directory_.path() / "out";
    write_directory(out, files_, nobody);
    EXPECT_EQ(checked(out), "boot/vmlinuz: OK\nlive/01-a.sb: OK\n");
    write_file(out / "boot/vmlinuz", "another");
    write_directory(out, files_, nobody);  // over its own
    EXPECT_EQ(checked(out), "boot/vmlinuz: OK\nlive/01-a.sb: OK\n");
}

TEST_F(Output, IsNotMixedIntoADirectoryOfSomebodyElses) {
    EXPECT_EQ(error_of([&] { write_directory(directory_.path(), files_, nobody); }),
              "usage: " + directory_.path().string() +
                  " is not empty, and lktest did not create it\nhint: pass a new directory to -o");
    EXPECT_FALSE(fs::exists(directory_.path() / "boot"));
}

TEST_F(Output, AsAnArchiveHasTheSameFilesAndIsTheSameEveryTime) {
    for (const Format format : {Format::zip, Format::tar}) {
        const fs::path archive = directory_.path() / name(format), again = directory_.path() / "again";
        write_archive(format, archive, files_, 1'600'000'000, nobody);
        write_archive(format, again, files_, 1'600'000'000, nobody);
        EXPECT_EQ(read_file(archive), read_file(again));
        const fs::path out = directory_.path() / ("out-" + std::string(name(format)));
        fs::create_directory(out);
        const std::vector<std::string> command =
            format == Format::zip ? std::vector<std::string>{"python3", "-m", "zipfile", "-e", archive, out}
                                  : std::vector<std::string>{"tar", "-xf", archive, "-C", out};
        check_process(command);
        EXPECT_EQ(checked(out), "boot/vmlinuz: OK\nlive/01-a.sb: OK\n");
    }
}

TEST(FormatOf, IsWhatTheNameEndsIn) {
    EXPECT_EQ(format_of("a/live.iso"), Format::iso);
    EXPECT_EQ(format_of("live.zip"), Format::zip);
    EXPECT_EQ(format_of("live.tar"), Format::tar);
    EXPECT_EQ(format_of("live.img"), Format::iso);
    EXPECT_EQ(format_of("srv/tftp"), Format::netboot);
}

TEST(Manifest, NamesPackagesAndFilesWithTheirDigests) {
    Recipe recipe;
    recipe.name = "mine";
    recipe.text = "abc";
    recipe.volume_label = "MINE";
    Sources sources;
    sources.root = {{"bash", "5.2", "amd64", "/x.deb"}};
    const FileDigest file{"/live/01.sb", 7, "00ff"};
    const std::string text = manifest(recipe, Arch::x86_64, sources, Reporting{}, 42, {&file, 1});
    // FIPS 180-2, B.1: the digest of "abc".
    EXPECT_NE(text.find("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
              std::string::npos);
    EXPECT_NE(text.find("\"version\": \"5.2\""), std::string::npos);
    EXPECT_NE(text.find("\"path\": \"/live/01.sb\""), std::string::npos);
    EXPECT_EQ(text.find("/x.deb"), std::string::npos) << "a path of this machine";
}

}  // namespace
}  // namespace lktest
