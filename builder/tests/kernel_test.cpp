// SPDX-License-Identifier: MIT
#include "builder/initramfs/kernel.hpp"

#include <gtest/gtest.h>

#include "builder/base/file.hpp"
#include "builder/initramfs/kernel_image.hpp"
#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/gzipped.hpp"

namespace lktest {
namespace {

/// The header of an arm64 Image (Linux, Documentation/arch/arm64/booting.rst).
std::string arm64_image(const std::string& rest = "") {
    std::string image(64, '\0');
    image.replace(56, 4, "ARM\x64");
    return image + rest;
}

/// An EFI zboot image around another one.
std::string zboot(const std::string& payload) {
    std::string image("MZ\0\0zimg", 8);
    image += {'\x40', 0, 0, 0};
    for (unsigned shift = 0; shift < 32; shift += 8)
        image.push_back(static_cast<char>(payload.size() >> shift));
    image.resize(64, '\0');
    return image + payload;
}

void put_kernel(FileTree& root, const std::string& image, const std::string& modules,
                const std::string& content = arm64_image()) {
    root.put_file(image, content);
    if (!modules.empty()) {
        root.put_file(modules + "/kernel/a.ko", "module");
        root.put_file(modules + "/modules.dep", "kernel/a.ko:\nkernel/gone.ko:\n");
    }
}

std::optional<Kernel> take(FileTree& root, const std::string& version = "") {
    return take_root_kernel(root, Arch::aarch64, version);
}

TEST(RootKernel, IsTheNewestInBootWithItsModulesTakenOut) {
    FileTree root;
    root.put_symlink("/lib", "usr/lib");
    put_kernel(root, "/boot/vmlinuz-5.10.0-9-arm64", "/usr/lib/modules/5.10.0-9-arm64");
    put_kernel(root, "/boot/vmlinuz-5.10.0-136-arm64", "/usr/lib/modules/5.10.0-136-arm64");
    put_kernel(root, "/boot/vmlinuz-9-rescue", "");
    root.put_file("/boot/config-5.10.0-136-arm64", "CONFIG_SQUASHFS=y\n");
    const auto kernel = take(root);
    ASSERT_TRUE(kernel);
    EXPECT_EQ(kernel->release, "5.10.0-136-arm64");
    EXPECT_EQ(kernel->config, "CONFIG_SQUASHFS=y\n");
    EXPECT_TRUE(kernel->modules.find("/usr/lib/modules/5.10.0-136-arm64/kernel/a.ko"));
    EXPECT_FALSE(root.find("/usr/lib/modules/5.10.0-136-arm64"));
    EXPECT_TRUE(root.find("/usr/lib/modules/5.10.0-9-arm64"));
}

TEST(RootKernel, IsFoundBesideItsModulesAndBelowAnUnmergedLib) {
    FileTree root;
    put_kernel(root, "/lib/modules/6.6.0/vmlinuz", "/lib/modules/6.6.0");
    const auto kernel = take(root);
    ASSERT_TRUE(kernel);
    EXPECT_EQ(kernel->directory(), "/lib/modules/6.6.0");
    EXPECT_TRUE(kernel->modules.find("/lib/modules/6.6.0/kernel/a.ko"));
}

TEST(RootKernel, IsTheOneThatIsNamed) {
    FileTree root;
    put_kernel(root, "/boot/vmlinuz-6.1", "/lib/modules/6.1");
    put_kernel(root, "/boot/vmlinuz-6.2", "/lib/modules/6.2");
    EXPECT_EQ(take(root, "6.1")->release, "6.1");
    EXPECT_EQ(error_of([&] { take(root, "6.3"); }),
              "usage: the root has no kernel 6.3\nhint: did you mean '6.2'?");
    FileTree none;
    EXPECT_FALSE(take(none));
}

TEST(RootKernel, ForAnotherMachineIsNamedByItsPath) {
    FileTree root;
    std::string bzimage(0x300, '\0');
    bzimage.replace(0x202, 4, "HdrS");
    bzimage[0x236] = 1;
    put_kernel(root, "/boot/vmlinuz-6.1", "/lib/modules/6.1", bzimage);
    EXPECT_EQ(error_of([&] { take(root); }),
              "usage: /boot/vmlinuz-6.1 in the root is a kernel for x86_64, but the image is for "
              "aarch64\nhint: build with --arch x86_64, or use another kernel");
}

TEST(PackagedKernel, IsTakenFromOnePackageAndFromSplitOnes) {
    for (const char* image : {"/boot/vmlinuz-6.1", "/usr/lib/modules/6.1/vmlinuz"}) {
        FileTree packages;
        packages.put_symlink("/lib", "usr/lib");
        packages.put_file("/usr/share/doc/linux/copyright", "x");
        packages.put_file("/usr/sbin/tool", "x");
        packages.put_file("/usr/lib/modules/6.1/config", "CONFIG_A=y\n");
        packages.put_file("/usr/lib/modules/6.1/dtb/board.dtb", "a tree for one board");
        packages.put_file("/usr/lib/modules/6.1/updates/b.ko.xz", "module");
        put_kernel(packages, image, "/usr/lib/modules/6.1");
        const Kernel kernel = take_kernel(packages, Arch::aarch64, "linux-image-arm64");
        EXPECT_EQ(kernel.config, "CONFIG_A=y\n");
        EXPECT_EQ(kernel.image.whole(), arm64_image());
        EXPECT_TRUE(kernel.modules.find("/usr/lib/modules/6.1/kernel/a.ko"));
        const auto& kept = kernel.modules.find("/usr/lib/modules/6.1")->entries;
        EXPECT_EQ(kept.size(), 3U) << "kernel, updates and modules.dep, but no image, config or device trees";
        EXPECT_TRUE(kept.contains("updates") && kept.contains("modules.dep"));
        EXPECT_EQ(kernel.modules.root().entries.size(), 1U) << "modules and nothing else";
        EXPECT_FALSE(kernel.modules.find("/usr/sbin"));
    }
    FileTree none;
    none.put_file("/usr/lib/modules/6.1/kernel/a.ko", "x");
    EXPECT_TRUE(error_of([&] { take_kernel(none, Arch::aarch64, "linux-image-arm64"); })
                    .starts_with("usage: the package linux-image-arm64 has neither /boot/vmlinuz-6.1 nor "
                                 "/usr/lib/modules/6.1/vmlinuz\nhint: "));
}

TEST(OwnKernel, NeedsTheDirectoryOfItsModules) {
    const TempDir dir;
    const std::filesystem::path image = dir.path() / "Image";
    write_file(image, arm64_image("Linux version 6.1.2 (me)"));
    const auto read = [&](const std::string& modules) {
        return error_of([&] { read_kernel(image, dir.path() / modules, Arch::aarch64); });
    };
    EXPECT_EQ(read("none"),
              "usage: there is no directory " + (dir.path() / "none").string() +
                  "\nhint: set 'modules' to the kernel's lib/modules/RELEASE, or omit it if all "
                  "drivers are built in");
    make_directories(dir.path() / "lib/modules/6.1.2/kernel");
    make_directories(dir.path() / "lib/modules/6.1.3/kernel");
    EXPECT_EQ(read("lib/modules/6.1.2"), "nothing was thrown");
    const std::string directory = dir.path() / "lib/modules";
    EXPECT_TRUE(read("lib/modules")
                    .starts_with("usage: " + directory +
                                 " is not the directory of one kernel's modules\nhint: set "
                                 "'modules' to " +
                                 directory + "/6.1."))
        << read("lib/modules");
    EXPECT_EQ(read("lib/modules/6.1.3"), "usage: " + directory +
                                             "/6.1.3 has the modules of another kernel: the image is 6.1.2\n"
                                             "hint: set 'modules' to lib/modules/6.1.2");
    EXPECT_EQ(read_kernel(image, {}, Arch::aarch64).release, "6.1.2");
    write_file(image, arm64_image());
    EXPECT_EQ(read_kernel(image, {}, Arch::aarch64).release, "Image") << "messages need a name";
}

TEST(KernelIdentity, TellsTheImageFromTheModules) {
    FileTree root;
    put_kernel(root, "/boot/vmlinuz-6.1", "/lib/modules/6.1");
    const Kernel kernel = *take(root);
    Kernel rebuilt = kernel;
    rebuilt.image = Content::text(arm64_image("another"));
    EXPECT_EQ(identity_of_modules(rebuilt), identity_of_modules(kernel));
    EXPECT_NE(identity_of_image(rebuilt), identity_of_image(kernel));
}

TEST(LeaveOut, KeepsTheIndexTrue) {
    FileTree root;
    put_kernel(root, "/boot/vmlinuz-6.1", "/lib/modules/6.1");
    Kernel kernel = *take(root);
    leave_out(kernel, {});
    EXPECT_EQ(kernel.index("modules.dep"), "kernel/a.ko:\n");
    leave_out(kernel, {"/lib/modules/*/kernel/a*"});
    EXPECT_EQ(kernel.index("modules.dep"), "");
}

TEST(BootableKernel, IsUnpackedFromGzipAndZboot) {
    const std::string image = arm64_image("code");
    EXPECT_EQ(bootable_kernel(image, Arch::aarch64, "k"), image);
    EXPECT_EQ(bootable_kernel(gzipped(image), Arch::aarch64, "k"), image);
    for (const char* filter : {"gzip", "xz", "zstd"})
        EXPECT_EQ(bootable_kernel(zboot(gzipped(image, filter)), Arch::aarch64, "k"), image) << filter;
    EXPECT_TRUE(error_of([&] {
                    bootable_kernel(gzipped(image).substr(0, 30), Arch::aarch64, "k");
                }).starts_with("usage: cannot decompress k: "));
    EXPECT_TRUE(error_of([&] {
                    bootable_kernel(zboot("x"), Arch::aarch64, "k");
                }).starts_with("usage: k is not a Linux kernel"));
}

TEST(EmbeddedConfig, IsReadFromTheImage) {
    EXPECT_EQ(embedded_config(arm64_image("xIKCFG_ST" + gzipped("CONFIG_A=y\n") + "IKCFG_EDx")),
              "CONFIG_A=y\n");
    EXPECT_EQ(embedded_config(arm64_image("xIKCFG_ST no gzip")), "");
    std::string bzimage(0x400, '\0');
    bzimage.replace(0x202, 4, "HdrS");
    bzimage[0x236] = 1;
    bzimage[0x1f1] = 1;  // one sector of set-up code: the rest begins at 1024
    const std::string payload = gzipped("vmlinux IKCFG_ST" + gzipped("CONFIG_B=y\n") + "IKCFG_ED");
    bzimage[0x24c] = static_cast<char>(payload.size());
    bzimage[0x24d] = static_cast<char>(payload.size() >> 8);
    EXPECT_EQ(embedded_config(bzimage + payload), "CONFIG_B=y\n");
}

}  // namespace
}  // namespace lktest
