// SPDX-License-Identifier: MIT
#include "firmware/find.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "builder/base/file.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

class FindFirmware : public ::testing::Test {
protected:
    FindFirmware() {
        for (const fs::path& directory : {mine, packages})
            make_directories(directory);
        write_file(image, "x");
    }

    /// A descriptor that can be identified by its only feature, `feature`.
    std::string descriptor(const std::string& feature, const fs::path& code) const {
        return fmt::format(R"({{"interface-types": ["uefi"], "features": ["{}"], "targets": [],
            "mapping": {{"device": "flash", "executable": {{"filename": "{}"}},
                         "nvram-template": {{"filename": "{}"}}}}}})",
                           feature, code.string(), image.string());
    }
    std::string descriptor(const std::string& feature) const { return descriptor(feature, image); }

    std::vector<std::string> found() const {
        std::vector<std::string> features;
        for (const Descriptor& each : find_firmware({mine, temp.path() / "absent", packages}).descriptors)
            features.push_back(each.features.at(0));
        return features;
    }

    TempDir temp;
    fs::path mine = temp.path() / "mine", packages = temp.path() / "packages", image = temp.path() / "image";
};

TEST_F(FindFirmware, SortsByFileNameOverAllDirectories) {
    write_file(packages / "40-b.json", descriptor("b"));
    write_file(packages / "60-d.json", descriptor("d"));
    write_file(mine / "50-c.json", descriptor("c"));
    write_file(mine / "10-a.json", descriptor("a"));
    write_file(packages / "README", "not one");
    EXPECT_EQ(found(), (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST_F(FindFirmware, LetsTheUsersFileReplaceOrHideThePackages) {
    write_file(packages / "40-a.json", descriptor("package's a"));
    write_file(packages / "50-b.json", descriptor("package's b"));
    write_file(mine / "40-a.json", descriptor("my a"));
    write_file(mine / "50-b.json", "");
    EXPECT_EQ(found(), std::vector<std::string>{"my a"});
}

TEST_F(FindFirmware, WarnsOfBrokenDescriptorsAndGoesOn) {
    write_file(packages / "10-broken.json", "{");
    make_directories(packages / "20-directory.json");
    write_file(packages / "30-gone.json", descriptor("gone", temp.path() / "no-such-image"));
    write_file(packages / "40-good.json", descriptor("good"));
    const FirmwareCatalogue catalogue = find_firmware({packages});
    ASSERT_EQ(catalogue.descriptors.size(), 1u);
    EXPECT_EQ(catalogue.descriptors[0].features, std::vector<std::string>{"good"});
    ASSERT_EQ(catalogue.warnings.size(), 3u);
    EXPECT_EQ(catalogue.warnings[0].place.file, (packages / "10-broken.json").string());
    EXPECT_EQ(catalogue.warnings[1].place.file, (packages / "20-directory.json").string());
    EXPECT_EQ(catalogue.warnings[2].message,
              "names an image that does not exist: " + (temp.path() / "no-such-image").string());
}

TEST_F(FindFirmware, ReadsAPackageThatIsUnpackedInADirectory) {
    const fs::path root = temp.path() / "root", images = root / "usr/share/OVMF";
    make_directories(root / "usr/share/qemu/firmware");
    EXPECT_THROW(find_unpacked_firmware(root), Error);
    make_directories(images);
    write_file(images / "CODE.fd", "x");
    write_file(root / "usr/share/qemu/firmware/40-a.json", descriptor("a", "/usr/share/OVMF/CODE.fd"));
    const FirmwareCatalogue catalogue = find_unpacked_firmware(root);
    ASSERT_EQ(catalogue.descriptors.size(), 1u);
    EXPECT_EQ(catalogue.descriptors[0].code, images / "CODE.fd");
    EXPECT_EQ(catalogue.descriptors[0].variables, image) << "it is not in the tree";
}

TEST(FirmwareDirectories, BeginWithTheUsersOwn) {
    ::setenv("XDG_CONFIG_HOME", "/my/config", 1);
    EXPECT_EQ(firmware_directories(), (std::vector<fs::path>{"/my/config/qemu/firmware", "/etc/qemu/firmware",
                                                             "/usr/share/qemu/firmware"}));
    ::unsetenv("XDG_CONFIG_HOME");
}

}  // namespace
}  // namespace lktest
