// SPDX-License-Identifier: MIT
// --recipe and --watch: which media come of a user's own recipe, and what they are made of.
#include "harness/run/own_media.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "harness/run/run.hpp"
#include "harness/run/run_plan.hpp"
#include "harness/run/watched.hpp"

namespace lktest {
namespace {

using Words = std::vector<std::string>;

constexpr auto small_recipe = R"(
about = "Small"
volume_label = "SMALL"
menu_timeout = 3
[[menu]]
title = "Small"
[kernel]
x86_64 = "linux-image-amd64"
)";

RunOptions options_of(const std::filesystem::path& recipe) {
    RunOptions options;
    options.recipe = recipe;
    return options;
}

TEST(OwnRecipe, HasImagesForTheArchitecturesThatItNamesAKernelFor) {
    const TempDir dir;
    write_file(dir.path() / "small.toml", small_recipe);
    RunOptions options = options_of(dir.path() / "small.toml");
    const std::vector<ImageChoice> images = own_images(options);
    ASSERT_EQ(images.size(), 2U) << "an ISO, and a tree for network boot";
    for (const ImageChoice& choice : images) {
        EXPECT_EQ(choice.image.name, "small");
        EXPECT_EQ(choice.arches, std::vector{Arch::x86_64});
        EXPECT_EQ(choice.scenarios, Words{"boot"});
    }
    EXPECT_EQ(
        reproduce(options, {.image = images.front().image, .arch = Arch::x86_64, .firmware = Firmware::uefi}),
        "lktest run --arch x86_64 --firmware uefi --recipe " + options.recipe);

    options.arches = {Arch::aarch64};
    EXPECT_THROW(own_images(options), Error);
    options.isos = {{"", "x.iso"}};
    EXPECT_THROW(plan_run(options), Error);
}

TEST(OwnRecipe, OfARootIsForThisMachineOrForThoseThatAreAskedFor) {
    const TempDir dir;
    write_file(dir.path() / "root.toml", R"(about = "x"
volume_label = "X"
[root]
tar = "root.tar"
report = "none"
[[menu]]
title = "x"
)");
    RunOptions options = options_of(dir.path() / "root.toml");
    EXPECT_EQ(own_images(options).front().arches, std::vector{host_arch()});
    options.arches = {Arch::aarch64};
    EXPECT_EQ(own_images(options).front().arches, std::vector{Arch::aarch64});
    EXPECT_EQ(own_images(options).front().scenarios, Words{"any-medium"})
        << "it does not report its milestones";
}

TEST(OwnRecipe, OfTheSameNameInAnotherDirectoryIsAnotherImage) {
    const TempDir one, other;
    for (const TempDir* dir : {&one, &other})
        write_file(dir->path() / "small.toml", small_recipe);
    EXPECT_NE(own_images(options_of(one.path() / "small.toml")).front().image.path,
              own_images(options_of(other.path() / "small.toml")).front().image.path);
}

TEST(Watched, InputsAreTheRecipeAndItsRootOrTheIsosAndScenarios) {
    const TempDir dir;
    make_directories(dir.path() / "root");
    write_file(dir.path() / "mine.toml", R"(about = "x"
volume_label = "X"
[root]
directory = ")" + (dir.path() / "root").string() +
                                             R"("
[[menu]]
title = "x"
)");
    RunOptions options;
    options.recipe = dir.path() / "mine.toml";
    EXPECT_EQ(inputs_of(options),
              (std::vector<std::filesystem::path>{dir.path() / "mine.toml", dir.path() / "root"}));
    write_file(dir.path() / "mine.toml", "about = ");  // half written
    EXPECT_EQ(inputs_of(options), std::vector<std::filesystem::path>{dir.path() / "mine.toml"});

    options = {.isos = {{"", "a.iso"}}, .scenarios = {"./b.toml"}};
    EXPECT_EQ(inputs_of(options), (std::vector<std::filesystem::path>{"a.iso", "./b.toml"}));
    options = {.recipe = "this-system"};
    EXPECT_THROW(inputs_of(options), Error);
}

TEST(Watched, AChangeAnywhereBelowADirectoryIsSeenButNotInTheResults) {
    const TempDir dir;
    const std::filesystem::path& root = dir.path();
    const std::filesystem::path results = root / "lktest-results";
    make_directories(root / "etc/deep");
    make_directories(results);
    write_file(root / "etc/deep/file", "1");
    std::uint64_t last = fingerprint({root}, results);
    EXPECT_EQ(fingerprint({root}, results), last);
    const auto changed = [&] { return std::exchange(last, fingerprint({root}, results)) != last; };

    write_file(root / "etc/deep/file", "22");
    EXPECT_TRUE(changed());
    std::filesystem::permissions(root / "etc/deep/file", std::filesystem::perms::owner_all);
    EXPECT_TRUE(changed());
    std::filesystem::remove(root / "etc/deep/file");
    EXPECT_TRUE(changed());
    write_file(results / "console.log", "x");
    last = fingerprint({root}, results);
    write_file(results / "console.log", "longer");
    EXPECT_FALSE(changed());
    std::filesystem::create_directory_symlink("/proc", root / "etc/loop");
    EXPECT_TRUE(changed());
    std::filesystem::remove_all(root);
    EXPECT_TRUE(changed());
}

}  // namespace
}  // namespace lktest
