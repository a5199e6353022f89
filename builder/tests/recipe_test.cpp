// SPDX-License-Identifier: MIT
#include "builder/recipe.hpp"

#include <gtest/gtest.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/tests/support/source_directory.hpp"

namespace lktest {
namespace {

const std::string least = R"(about = "A test"
volume_label = "TEST"
[[menu]]
title = "Start"
[kernel]
x86_64 = "linux-image-amd64"
)";

Recipe parse(const std::string& text) {
    const TempDir directory;
    write_file(directory.path() / "test.toml", text);
    return read_recipe(directory.path() / "test.toml");
}

/// The whole error message of read_recipe(), with "test.toml" as the file's name.
std::string complaint(const std::string& text) {
    const TempDir directory;
    write_file(directory.path() / "test.toml", text);
    try {
        read_recipe(directory.path() / "test.toml");
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), Error::Kind::usage);
        std::string message = error.what();
        const std::string prefix = directory.path().string() + "/";
        for (std::size_t at = 0; (at = message.find(prefix, at)) != std::string::npos;)
            message.erase(at, prefix.size());
        return message;
    }
    return "nothing";
}

TEST(Recipe, NeedsOnlyAboutLabelMenuAndKernel) {
    const Recipe recipe = parse(least);
    EXPECT_EQ(recipe.name, "test");
    EXPECT_EQ(recipe.about, "A test");
    EXPECT_EQ(recipe.volume_label, "TEST");
    EXPECT_EQ(recipe.menu.at(0).title, "Start");
    EXPECT_EQ(recipe.kernel(Arch::x86_64), "linux-image-amd64");
    EXPECT_EQ(recipe.kernel(Arch::aarch64), "");
    EXPECT_EQ(recipe.compression.compressor, Compressor::zstd);
    EXPECT_EQ(recipe.compression.block_size, 131072U);
}

TEST(Recipe, ReadsEveryKey) {
    const Recipe recipe = parse(least + R"(aarch64 = "linux-image-arm64"
command_line = "quiet"
exclude = ["sound"]
[packages]
common = ["bash"]
x86_64 = ["grub-pc-bin"]
aarch64 = ["grub-efi-arm64-bin"]
without = ["perl"]
exclude = ["/usr/share/doc"]
[initramfs]
modules = ["loop"]
aarch64 = ["xhci_plat_hcd"]
[squashfs]
compressor = "xz"
level = 6
block = "1M"
[links]
"/bin/busybox" = ["/bin/sh", "/sbin/init"]
[[file]]
path = "/etc/hostname"
content = "live\n"
[[file]]
path = "/etc/rc"
content = "#!/bin/sh\n"
mode = 0o755
[[file]]
path = "/etc/mtab"
symlink = "/proc/mounts"
[[file]]
path = "/mnt"
directory = true
)");
    EXPECT_EQ(recipe.kernel(Arch::aarch64), "linux-image-arm64");
    EXPECT_EQ(recipe.packages.of(Arch::x86_64), (std::vector<std::string>{"bash", "grub-pc-bin"}));
    EXPECT_EQ(recipe.packages.of(Arch::aarch64), (std::vector<std::string>{"bash", "grub-efi-arm64-bin"}));
    EXPECT_EQ(recipe.without, (std::vector<std::string>{"perl"}));
    EXPECT_EQ(recipe.exclude, (std::vector<std::string>{"/usr/share/doc"}));
    EXPECT_EQ(recipe.modules.of(Arch::aarch64), (std::vector<std::string>{"loop", "xhci_plat_hcd"}));
    EXPECT_EQ(recipe.kernel_exclude, (std::vector<std::string>{"sound"}));
    EXPECT_EQ(recipe.compression.compressor, Compressor::xz);
    EXPECT_EQ(recipe.compression.level, 6U);
    EXPECT_EQ(recipe.compression.block_size, 1048576U);
    ASSERT_EQ(recipe.links.size(), 1U);
    EXPECT_EQ(recipe.links[0].second, (std::vector<std::string>{"/bin/sh", "/sbin/init"}));
    ASSERT_EQ(recipe.files.size(), 4U);
    EXPECT_EQ(recipe.files[0].mode, 0644U);
    EXPECT_EQ(recipe.files[1].mode, 0755U);
    EXPECT_EQ(recipe.files[2].symlink, "/proc/mounts");
    EXPECT_TRUE(recipe.files[3].directory);
    EXPECT_EQ(recipe.files[3].mode, 0755U);
}

TEST(Recipe, TheShippedOneIsValid) {
    const Recipe recipe = read_recipe(source_directory() / "builder/recipes/recovery.toml");
    EXPECT_EQ(recipe.menu.size(), 5U);
    EXPECT_FALSE(recipe.kernel(Arch::x86_64).empty());
    EXPECT_FALSE(recipe.kernel(Arch::aarch64).empty());
}

TEST(Recipe, NamesEveryProblemAtOnceWithItsPlace) {
    EXPECT_EQ(complaint(R"(about = 3
volume_label = "test disk"
colour = "red"
menu_timeout = 0
[[menu]]
titel = "Start"
[kernel]
x86_64 = "linux-image-amd64"
command_line = "console=ttyS1"
[squashfs]
compressor = "zst"
level = 40
block = "100K"
)"),
              R"(test.toml:1:9: 'about' must be a string, not an integer
    about = 3
            ^
test.toml:2:16: "test disk" is not an ISO 9660 volume label
    volume_label = "test disk"
                   ^
hint: use 1 to 32 of A-Z, 0-9 and _
test.toml:9:16: 'command_line' names a console
    command_line = "console=ttyS1"
                   ^
hint: remove console=: lktest adds serial port and display for each architecture
test.toml:11:14: unknown compressor 'zst'
    compressor = "zst"
                 ^
hint: did you mean 'zstd'?
test.toml:12:9: 'level' must be from 1 to 22
    level = 40
            ^
test.toml:13:9: 'block' must be a power of two from 4K to 1M
    block = "100K"
            ^
test.toml:4:16: 'menu_timeout' must be from 1 to 600
    menu_timeout = 0
                   ^
test.toml:5:1: 'title' is missing in [[menu]]
    [[menu]]
    ^
test.toml:6:1: unknown key 'titel' in [[menu]]
    titel = "Start"
    ^
hint: did you mean 'title'?
test.toml:3:1: unknown key 'colour'
    colour = "red"
    ^
hint: one of: about, volume_label, splash, partition_table, root, packages, kernel, initramfs, boot, squashfs, erofs, links, file, menu_timeout, menu)");
}

TEST(Recipe, AFileNeedsAnAbsolutePathAndOneKind) {
    EXPECT_EQ(complaint(least + R"([[file]]
path = "etc/../hosts"
content = ""
symlink = "x"
[[file]]
path = "/a"
symlink = "x"
mode = 0o644
[[file]]
path = "/a"
directory = true
)"),
              R"(test.toml:8:8: "etc/../hosts" is not an absolute path
    path = "etc/../hosts"
           ^
test.toml:7:1: [[file]] must have exactly one of 'content', 'symlink' and 'directory'
    [[file]]
    ^
test.toml:14:8: a symlink has no mode
    mode = 0o644
           ^
test.toml:15:1: a second [[file]] for /a
    [[file]]
    ^)");
}

TEST(Recipe, LinksAreAbsolutePaths) {
    EXPECT_EQ(complaint(least + "[links]\n\"/bin/busybox\" = [\"sh\"]\n"),
              R"(test.toml:8:18: "sh" is not an absolute path
    "/bin/busybox" = ["sh"]
                     ^)");
}

TEST(Recipe, WhatIsMissingIsNamed) {
    EXPECT_EQ(complaint("about = \"x\"\n"), R"(test.toml:1:1: 'volume_label' is missing
    about = "x"
    ^
test.toml:1:1: the recipe has no [kernel]
    about = "x"
    ^
hint: add [kernel] with x86_64 = "linux-image-amd64"
test.toml:1:1: the recipe has no [[menu]] entry
    about = "x"
    ^
hint: add [[menu]] with title = "…")");
}

TEST(Recipe, AMenuTitleCannotEndItsQuotes) {
    EXPECT_EQ(complaint(R"(about = "x"
volume_label = "X"
[[menu]]
title = "it's"
[kernel]
x86_64 = "k"
)"),
              R"(test.toml:4:9: 'title' has a character that boot loaders cannot show or pass on
    title = "it's"
            ^
hint: use letters, digits, spaces and -_.,:=/@()+)");
}

TEST(Recipe, ASyntaxErrorIsTheOnlyProblem) {
    EXPECT_EQ(complaint("about = \nvolume_label = \"X\"\n"),
              R"(test.toml:1:9: Error while parsing key-value pair: expected value, saw '\n'
    about = 
            ^)");
}

TEST(Recipe, AFileThatIsNotThereIsAUsageError) {
    EXPECT_THROW(read_recipe("/nowhere/x.toml"), Error);
}

const std::string rootless = R"(about = "A test"
volume_label = "TEST"
[[menu]]
title = "Start"
)";

TEST(Recipe, ARootIsOneOfItsKindsAndItsPathBesideTheRecipe) {
    const TempDir directory;
    write_file(directory.path() / "test.toml",
               rootless + "[root]\ntar = \"a/../root.tar\"\nexclude = [\"/x\"]\n");
    const Recipe recipe = read_recipe(directory.path() / "test.toml");
    EXPECT_EQ(recipe.root.kind, RootKind::tar);
    EXPECT_EQ(recipe.root.path, directory.path() / "root.tar");
    EXPECT_EQ(recipe.exclude, std::vector<std::string>{"/x"});
    const Recipe system =
        parse(rootless + "[root]\nsystem = true\ndirectories = [\"etc\"]\nreport = \"none\"\n");
    EXPECT_EQ(system.root.kind, RootKind::system);
    EXPECT_TRUE(system.root.one_file_system);
    EXPECT_EQ(system.root.report, Report::none);
}

TEST(Recipe, ARootIsNotTwoThings) {
    EXPECT_EQ(complaint(rootless + "[root]\nsystem = true\ntar = \"x\"\n"),
              "test.toml:5:1: [root] must have exactly one of 'directory', 'tar', 'system', 'squashfs', "
              "'iso', 'debian' and 'oci'\n    [root]\n    ^");
    EXPECT_NE(complaint(rootless + "[root]\ntar = \"x\"\none_file_system = true\n").find("belongs to"),
              std::string::npos);
    EXPECT_NE(complaint(rootless + "[root]\nsystem = true\ndirectories = [\"usr/bin\"]\n")
                  .find("not the name of a directory in /"),
              std::string::npos);
    EXPECT_NE(complaint(rootless + "[root]\nsystem = true\n[packages]\n").find("each make a root"),
              std::string::npos);
}

TEST(Recipe, ABootLoaderIsOneOfThree) {
    EXPECT_EQ(parse(rootless + "[root]\nsystem = true\n").loader, Loader::signed_chain);
    EXPECT_EQ(parse(rootless + "[root]\nsystem = true\n[boot]\nloader = \"grub\"\n").loader, Loader::grub);
    EXPECT_EQ(parse(rootless + "[root]\nsystem = true\n[boot]\nloader = \"systemd-boot\"\n").loader,
              Loader::systemd_boot);
    EXPECT_EQ(parse(rootless + "[root]\nsystem = true\n[boot]\nloader = \"uki\"\n").loader, Loader::uki);
    const Recipe vendor =
        parse(rootless + "[root]\nsystem = true\n[boot]\nloader = \"vendor\"\niso = \"/v.iso\"\n");
    EXPECT_EQ(vendor.loader, Loader::vendor);
    EXPECT_EQ(vendor.loader_iso, "/v.iso");
    EXPECT_NE(complaint(rootless + "[root]\nsystem = true\n[boot]\niso = \"v\"\n").find("'iso' belongs to"),
              std::string::npos);
}

TEST(Recipe, AKeyIsForLoadersThatLktestMakes) {
    const std::string boot = rootless + "[root]\nsystem = true\n[boot]\n";
    const Recipe recipe = parse(boot + "loader = \"uki\"\nkey = \"/k\"\ncertificate = \"/c\"\nshim = true\n");
    ASSERT_TRUE(recipe.signing);
    EXPECT_EQ(recipe.signing->key, "/k");
    EXPECT_EQ(recipe.signing->certificate, "/c");
    EXPECT_TRUE(recipe.signing->shim);
    EXPECT_FALSE(parse(boot + "loader = \"uki\"\n").signing);
    EXPECT_NE(complaint(boot + "key = \"k\"\n").find("'key' belongs to loader ="), std::string::npos);
    EXPECT_NE(complaint(boot + "loader = \"uki\"\nkey = \"k\"\n").find("needs both"), std::string::npos);
    EXPECT_NE(complaint(boot + "loader = \"uki\"\nshim = true\n").find("needs both"), std::string::npos);
}

TEST(Recipe, ADebianSystemIsASuiteAndItsPackages) {
    const Recipe recipe =
        parse(rootless + "[root]\ndebian = \"bookworm\"\n[packages]\ncommon = [\"udev\"]\n");
    EXPECT_EQ(recipe.root.kind, RootKind::debian);
    EXPECT_EQ(recipe.root.suite, "bookworm");
    EXPECT_EQ(recipe.packages.of(Arch::aarch64), std::vector<std::string>{"udev"});
    EXPECT_NE(complaint(rootless + "[root]\ndebian = \"--help\\n\"\n").find("is not a Debian suite"),
              std::string::npos);
    EXPECT_NE(
        complaint(rootless + "[root]\ndebian = \"x\"\n[packages]\nwithout = [\"y\"]\n").find("'without'"),
        std::string::npos);
}

TEST(Recipe, TheDebianRecipeIsSound) {
    const Recipe recipe = read_recipe(source_directory() / "builder/recipes/debian.toml");
    EXPECT_EQ(recipe.root.kind, RootKind::debian);
    EXPECT_FALSE(recipe.packages.common.empty());
}

TEST(Recipe, AnIsosImagesAreNamedByTheirPathsOnIt) {
    const Recipe recipe = parse(rootless + "[root]\niso = \"/v.iso\"\nimages = [\"/a.img\"]\n");
    EXPECT_EQ(recipe.root.kind, RootKind::iso);
    EXPECT_EQ(recipe.root.images, std::vector<std::string>{"/a.img"});
    EXPECT_NE(complaint(rootless + "[root]\niso = \"v\"\nimages = [\"a\"]\n").find("not an absolute path"),
              std::string::npos);
    EXPECT_NE(complaint(rootless + "[root]\ntar = \"v\"\nimages = [\"/a\"]\n").find("belongs to 'iso'"),
              std::string::npos);
}

TEST(Recipe, APatternThatCanMatchNothingIsAProblem) {
    EXPECT_EQ(
        complaint(rootless + "[root]\nsystem = true\nexclude = [\"usr/share/doc\", \"/a/\", \"*.bak\"]\n"),
        "test.toml:7:12: \"usr/share/doc\" matches nothing: 'exclude' compares with absolute paths\n"
        "    exclude = [\"usr/share/doc\", \"/a/\", \"*.bak\"]\n"
        "               ^\n"
        "hint: write \"/usr/share/doc\"\n"
        "test.toml:7:29: \"/a/\" matches nothing: a path does not end in /\n"
        "    exclude = [\"usr/share/doc\", \"/a/\", \"*.bak\"]\n"
        "                                ^\n"
        "hint: write \"/a\", or \"/a/*\" to keep the directory");
    EXPECT_NE(complaint(least + "exclude = [\"/lib/modules/*/kernel/sound\"]\n").find("begins below kernel/"),
              std::string::npos);
}

TEST(Recipe, LaterStepsNameThePlaceOfAValue) {
    const Recipe recipe = parse(least +
                                "[packages]\ncommon = [\"bash\",\n  \"bsuybox\"]\n[initramfs]\nmodules = "
                                "[\"sd_mode\"]\n");
    const auto message = [&](const std::string& value) {
        try {
            at_place_of(recipe, value, [] { throw usage_error("there is none", "name another"); });
        } catch (const Error& error) {
            const std::string text = error.what();
            return text.substr(text.find("test.toml"));
        }
        return std::string();
    };
    EXPECT_EQ(message("packages bsuybox"),
              "test.toml:9:3: there is none\n      \"bsuybox\"]\n      ^\nhint: name another");
    EXPECT_TRUE(message("modules sd_mode").starts_with("test.toml:11:12: there is none\n"));
    EXPECT_TRUE(message("kernel.x86_64").starts_with("test.toml:6:10: "));
    EXPECT_THROW(at_place_of(recipe, "unknown", [] { throw usage_error("as it is"); }), Error);
}

TEST(Recipe, ASuiteIsAName) {
    EXPECT_EQ(parse(least + "[packages]\nsuite = \"trixie\"\n").suite, "trixie");
    EXPECT_NE(complaint(least + "[packages]\nsuite = \"../x\"\n").find("is not a Debian suite"),
              std::string::npos);
    EXPECT_NE(
        complaint(rootless + "[root]\ndebian = \"x\"\n[packages]\nsuite = \"y\"\n").find("each name a suite"),
        std::string::npos);
}

TEST(Recipe, AContainerImageIsNamedByItsTag) {
    const Recipe recipe = parse(rootless + "[root]\noci = \"saved.tar\"\nimages = [\"debian:12\"]\n");
    EXPECT_EQ(recipe.root.kind, RootKind::oci);
    EXPECT_EQ(recipe.root.path.filename(), "saved.tar");
    EXPECT_EQ(recipe.root.images, std::vector<std::string>{"debian:12"});
}

}  // namespace
}  // namespace lktest
