// SPDX-License-Identifier: MIT
#include "builder/vendor/install_image.hpp"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "builder/tests/support/error_of.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

IsoTree iso_with(const std::map<std::string, std::string>& files) {
    IsoTree iso;
    for (const auto& [path, bytes] : files) {
        IsoNode node;
        node.content = ByteView::of_memory(bytes);
        node.size = bytes.size();
        iso.nodes.emplace(path, node);
    }
    return iso;
}

std::string images(const std::vector<std::string>& paths, const std::string& config = "") {
    std::map<std::string, std::string> files{{"/boot/grub/grub.cfg", config}};
    for (const std::string& path : paths)
        files[path] = fake_squashfs();
    return fmt::format("{}", fmt::join(install_images(iso_with(files), Arch::x86_64, {}, "x.iso"), " "));
}

TEST(InstallImages, AreWhereEachFamilyHasThem) {
    EXPECT_EQ(images({"/live/filesystem.squashfs", "/other.squashfs"}), "/live/filesystem.squashfs");
    EXPECT_EQ(images({"/LiveOS/squashfs.img"}), "/LiveOS/squashfs.img");
    EXPECT_EQ(images({"/images/install.img", "/x.img"}), "/images/install.img");
    EXPECT_EQ(images({"/arch/x86_64/airootfs.sfs", "/arch/aarch64/airootfs.sfs"}),
              "/arch/x86_64/airootfs.sfs");
    EXPECT_EQ(images({"/casper/filesystem.squashfs"}), "/casper/filesystem.squashfs");
    EXPECT_EQ(images({"/any/where.img"}), "/any/where.img");
}

TEST(InstallImages, OfUbuntuAreTheLayersBelowTheOneThatItsKernelIsTold) {
    EXPECT_EQ(
        images({"/casper/minimal.squashfs", "/casper/minimal.standard.squashfs",
                "/casper/minimal.de.squashfs", "/casper/minimal.standard.live.squashfs"},
               "menuentry 'Try' {\n linux /casper/vmlinuz layerfs-path=minimal.standard.live.squashfs\n}\n"),
        "/casper/minimal.squashfs /casper/minimal.standard.squashfs "
        "/casper/minimal.standard.live.squashfs");
}

TEST(InstallImages, OfModulesAreUnitedInTheirOrder) {
    EXPECT_EQ(images({"/live/10-x.sb", "/live/modules/01-y.sb", "/live/9-z.sb"}),
              "/live/9-z.sb /live/10-x.sb /live/modules/01-y.sb");
}

TEST(InstallImages, AreAskedForWhenItIsNotClear) {
    EXPECT_EQ(error_of([] {
                  images({"/a.img", "/b.img"});
              }),
              "usage: it is not clear which image of x.iso is its system\n"
              "hint: choose with images = [\"…\"] in [root], the lowest first, of: /a.img, /b.img");
    EXPECT_EQ(error_of([] { images({}); }),
              "usage: x.iso has no SquashFS image with a system\n"
              "hint: name a SquashFS, a tar archive or a directory as root instead");
    const IsoTree iso = iso_with({{"/a.img", fake_squashfs()}, {"/b.img", fake_squashfs()}, {"/c", "text"}});
    EXPECT_EQ(install_images(iso, Arch::x86_64, {"/b.img"}, "x.iso"), std::vector<std::string>{"/b.img"});
    EXPECT_EQ(error_of([&] { install_images(iso, Arch::x86_64, {"/c"}, "x.iso"); }).substr(0, 42),
              "usage: x.iso has no SquashFS image /c\nhint");
}

TEST(AddKernels, TakesTheOneThatTheRootsModulesAreFor) {
    FileTree root;
    root.put_file("/usr/lib/modules/6.1.0-amd/modules.dep", "");
    root.put_symlink("/lib", "usr/lib");
    const IsoTree iso = iso_with(
        {{"/live/vmlinuz", fake_kernel(Arch::x86_64)}, {"/live/linux-arm", fake_kernel(Arch::aarch64)}});
    add_kernels(root, iso);
    EXPECT_TRUE(root.find("/boot/vmlinuz-6.1.0-amd"));
    EXPECT_FALSE(root.find("/boot/vmlinuz-6.1.0-arm"));
}

TEST(NestedImage, IsTheSystemWhenItIsExt4AndElseSaysHowToTakeItOut) {
    FileTree root;
    EXPECT_EQ(nested_image(root, "f.iso"), std::nullopt);
    root.put_file("/LiveOS/rootfs.img", std::string(1080, '\0') + "\x53\xef" + std::string(3000, '\0'));
    EXPECT_EQ(nested_image(root, "f.iso"), "/LiveOS/rootfs.img");
    root.put_file("/LiveOS/rootfs.img",
                  std::string(1024, '\0') + "\xe2\xe1\xf5\xe0" + std::string(3000, '\0'));
    EXPECT_EQ(error_of([&] { nested_image(root, "f.iso"); }),
              "usage: the system of f.iso is a disk image inside its SquashFS (/LiveOS/rootfs.img, EROFS), "
              "but not ext4\nhint: extract it with `lktest module unpack`, unpack it with "
              "`fsck.erofs --extract=DIR` (erofs-utils), and use that directory as root");
}

}  // namespace
}  // namespace lktest
