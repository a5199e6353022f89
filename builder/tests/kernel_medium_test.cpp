// SPDX-License-Identifier: MIT
#include "builder/kernel_medium.hpp"

#include <gtest/gtest.h>

#include "builder/base/file.hpp"
#include "builder/inspect/iso_facts.hpp"
#include "builder/manifest.hpp"
#include "builder/tests/support/elf_bytes.hpp"
#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

std::string bzimage() {
    std::string image(0x300, '\0');
    image.replace(0x202, 4, "HdrS");
    image[0x236] = 1;
    return image;
}

TEST(KernelFiles, NameTheirMachine) {
    const TempDir dir;
    const fs::path file = dir.path() / "kernel";
    write_file(file, bzimage());
    EXPECT_EQ(arch_of_kernel(file), Arch::x86_64);
    write_file(file, fake_kernel(Arch::aarch64));
    EXPECT_EQ(arch_of_kernel(file), Arch::aarch64);
    EXPECT_TRUE(looks_like_kernel(file));
    write_file(file, elf_bytes(62));
    EXPECT_FALSE(looks_like_kernel(file));
    EXPECT_FALSE(looks_like_kernel(dir.path() / "nothing"));
    EXPECT_EQ(error_of([&] { arch_of_kernel(file); }),
              "usage: " + file.string() +
                  " is an ELF file, which no boot loader starts\nhint: name the compressed image: "
                  "arch/x86/boot/bzImage or arch/arm64/boot/Image");
    write_file(file, "text");
    EXPECT_TRUE(error_of([&] { arch_of_kernel(file); }).starts_with("usage: " + file.string()));
}

TEST(BuildOptions, NeedNoListener) {
    const BuildOptions options;
    options.progress("iso", 1, 2);
    options.why("a decision");
    options.warn("a warning");
}

TEST(KernelTree, HasTheNewestImage) {
    const TempDir dir;
    EXPECT_EQ(error_of([&] { kernel_in_tree(dir.path(), Arch::x86_64); }),
              "usage: " + dir.path().string() +
                  " has no kernel: there is no arch/x86/boot/bzImage\nhint: build it first: make");
    const fs::path x86 = dir.path() / "arch/x86/boot/bzImage", arm = dir.path() / "arch/arm64/boot/Image";
    for (const fs::path& file : {x86, arm}) {
        make_directories(file.parent_path());
        write_file(file, "kernel");
    }
    fs::last_write_time(x86, fs::last_write_time(arm) - std::chrono::hours(1));
    EXPECT_EQ(kernel_in_tree(dir.path(), {}), arm);
    EXPECT_EQ(kernel_in_tree(dir.path(), Arch::x86_64), x86);
    fs::last_write_time(x86, fs::last_write_time(arm) + std::chrono::hours(1));
    EXPECT_EQ(kernel_in_tree(dir.path(), {}), x86);
}

TEST(Manifest, SaysWhetherTheMediumReports) {
    EXPECT_TRUE(manifest_reports(R"({"report":"watch"})"));
    EXPECT_TRUE(manifest_reports(R"({"format":1})")) << "an older medium";
    EXPECT_FALSE(manifest_reports(R"({"report":"none"})"));
    EXPECT_TRUE(manifest_reports("[")) << "what cannot be read is judged as before";
}

}  // namespace
}  // namespace lktest
