// SPDX-License-Identifier: MIT
// Media from other people's packages and tools, which were not prepared for a harness.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/tests/support/source_directory.hpp"
#include "harness/tests/support/cells.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class ForeignMediaTest : public testing::Test {
protected:
    ProcessResult run(std::vector<std::string> options) {
        options.insert(options.begin(),
                       {LKTEST_PROGRAM, "run", "--history", "off", "--output", results_.string()});
        ProcessOptions process;
        process.deadline = std::chrono::minutes(10);
        return run_process(options, process);
    }
    Json only_cell() {
        const Json cells = Json::parse(read_file(results_ / "latest/matrix.json")).at("cells");
        EXPECT_EQ(cells.size(), 1U);
        return cells.at(0);
    }
    static Json milestone(const Json& cell, std::string_view name) {
        for (const Json& reached : cell.at("milestones"))
            if (reached.at("name") == name)
                return reached;
        ADD_FAILURE() << name << " was not reached: " << cell;
        return {};
    }

    TempDir scratch_;
    fs::path results_ = scratch_.path() / "results";
};

/// The netboot tree of Debian's installer, from whichever release is installed.
fs::path installer(const std::string& arch) {
    for (const auto& release : fs::directory_iterator("/usr/lib/debian-installer/images"))
        if (fs::path tree = release.path() / arch / "text"; fs::exists(tree))
            return tree;
    ADD_FAILURE() << "debian-installer-*-netboot-" << arch << " is not installed: run ci/setup";
    return {};
}

/// Its GRUB's menu has no timeout, and its kernel's command line names no console.
TEST_F(ForeignMediaTest, TheDebianInstallerBootsByPxeToItsFirstQuestion) {
    const ProcessResult ended =
        run({installer("arm64"), "--medium", "pxe", "--firmware", "uefi", "--network", "tap"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    const Json cell = only_cell();
    EXPECT_EQ(cell.at("arch"), "aarch64") << "the tree is for no other";
    EXPECT_EQ(cell.at("scenario"), "any-medium");
    const Json loader = milestone(cell, "boot-loader").at("sources").at(0);
    EXPECT_TRUE(loader == "serial" || loader == "screen") << cell;
    EXPECT_EQ(cell.at("reached"), "userspace") << cell;
    EXPECT_EQ(cell.at("steps").at(0).at("name"), "press Enter") << cell;
}

/// By PXELINUX, and by the installer's GRUB. Both write to the serial console if there is no display.
TEST_F(ForeignMediaTest, TheDebianInstallerForPcsComesByPxeToItsMenus) {
    const ProcessResult ended = run({installer("amd64"), "--medium", "pxe", "--graphics", "none",
                                     "--scenario", "first-screen", "--network", "tap"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    for (const Json& cell : Json::parse(read_file(results_ / "latest/matrix.json")).at("cells")) {
        if (cell.at("arch") == "x86_64") {
            EXPECT_EQ(cell.at("reached"), "first-screen") << cell;
        }
    }
}

TEST_F(ForeignMediaTest, GrubRescuePcComesToItsMenu) {
    const ProcessResult ended = run(
        {"/usr/lib/grub-rescue/grub-rescue-cdrom.iso", "--scenario", "first-screen", "--firmware", "bios"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    EXPECT_EQ(only_cell().at("reached"), "first-screen") << only_cell();
}

constexpr auto painted_menu = R"(
insmod all_video
insmod font
loadfont /boot/grub/fonts/unicode.pf2
set gfxmode=800x600
terminal_output gfxterm
set timeout=-1
menuentry 'Live system' { true }
menuentry 'Rescue system' { true }
)";

/// It sends nothing to the serial port.
TEST_F(ForeignMediaTest, AMenuThatIsOnlyPaintedIsReadFromItsPixels) {
    const fs::path tree = scratch_.path() / "tree", iso = scratch_.path() / "painted.iso";
    make_directories(tree / "boot/grub");
    write_file(tree / "boot/grub/grub.cfg", painted_menu);
    check_process({"grub-mkrescue", "-d", "/usr/lib/grub/x86_64-efi", "-o", iso, tree});
    const ProcessResult ended =
        run({iso, "--scenario", "first-screen", "--arch", "x86_64", "--firmware", "uefi"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    EXPECT_EQ(milestone(only_cell(), "first-screen").at("sources"), Json::array({"display"})) << only_cell();
}

constexpr auto menu = R"(
set timeout=-1
menuentry 'First' { true }
submenu 'More' {
  menuentry 'Nothing' { true }
  menuentry 'Read the medium' { cat /mark; read again; }
}
)";

constexpr auto by_the_submenu = R"(
about = "Selects an entry of a submenu by its title."
[[milestone]]
name = "menu"
view = "screen"
pattern = 'GNU GRUB +version'
within = "20s"
[[step]]
select = ["More", "Read the medium"]
[[step]]
expect = 'read from the medium'
)";

TEST_F(ForeignMediaTest, TheMenuThatGrubMkrescueMadeIsDrivenToAnEntryOfItsSubmenu) {
    const fs::path tree = scratch_.path() / "tree", iso = scratch_.path() / "rescue.iso",
                   scenario = scratch_.path() / "submenu.toml";
    make_directories(tree / "boot/grub");
    write_file(tree / "boot/grub/grub.cfg", menu);
    write_file(tree / "mark", "read from the medium\n");
    write_file(scenario, by_the_submenu);
    check_process({"grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", iso, tree});
    const ProcessResult ended = run({iso, "--scenario", scenario, "--firmware", "bios"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    EXPECT_EQ(own_steps(only_cell()), 2) << only_cell();
}

constexpr auto menu_of_one = R"(
set timeout=-1
menuentry 'Read the medium' { cat /mark; }
)";

constexpr auto by_another_medium = R"(
about = "Changes the medium while the loader waits: the new one boots next, and then the first one again."
[[milestone]]
name = "menu"
view = "screen"
pattern = 'Read the medium'
within = "20s"
[[step]]
insert = "second.iso"
[[step]]
reset = true
[[step]]
select = "Read the medium"
[[step]]
expect = 'on the second'
[[step]]
insert = "medium"
[[step]]
reset = true
[[step]]
select = "Read the medium"
[[step]]
expect = 'on the first'
)";

TEST_F(ForeignMediaTest, AnotherMediumBootsOnceItIsInsertedUntilTheFirstIsBack) {
    const fs::path scenario = scratch_.path() / "insert.toml";
    for (const char* name : {"first", "second"}) {
        const fs::path tree = scratch_.path() / name;
        make_directories(tree / "boot/grub");
        write_file(tree / "boot/grub/grub.cfg", menu_of_one);
        write_file(tree / "mark", fmt::format("on the {}\n", name));
        check_process({"grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o",
                       scratch_.path() / fmt::format("{}.iso", name), tree});
    }
    write_file(scenario, by_another_medium);
    const ProcessResult ended = run(
        {scratch_.path() / "first.iso", "--scenario", scenario, "--firmware", "bios", "--medium", "cdrom"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    EXPECT_EQ(own_steps(only_cell()), 8) << only_cell();
}

constexpr auto by_systemd_boot = R"(
about = "Selects an entry of systemd-boot's menu by its title, and extends its kernel's command line."
[boot]
entry = "Second one"
append = "console=ttyS0 third=3"
[[milestone]]
name = "kernel"
pattern = 'Command line: .*second=2 console=ttyS0 third=3$'
within = "60s"
)";

/// A typical medium for systemd-boot: loader, entries and kernel in the EFI system partition.
void make_systemd_boot_medium(const fs::path& tree, const fs::path& iso,
                              const fs::path& loader = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi") {
    const fs::path installed = installer("amd64") / "debian-installer/amd64";
    const fs::path esp = tree / "esp.img";
    make_directories(tree);
    check_process({"mkfs.vfat", "-C", esp, std::to_string(16 << 10)});
    check_process({"mmd", "-i", esp, "::/EFI", "::/EFI/BOOT", "::/loader", "::/loader/entries"});
    check_process({"mcopy", "-i", esp, loader, "::/EFI/BOOT/BOOTX64.EFI"});
    check_process({"mcopy", "-i", esp, installed / "linux", "::/linux"});
    const auto put = [&](const std::string& path, const std::string& text) {
        const fs::path file = tree.parent_path() / fs::path(path).filename();
        write_file(file, text);
        check_process({"mcopy", "-i", esp, file, "::" + path});
    };
    put("/loader/loader.conf", "timeout 5\ndefault first.conf\n");
    put("/loader/entries/first.conf", "title First one\nlinux /linux\noptions first=1\n");
    put("/loader/entries/second.conf", "title Second one\nlinux /linux\noptions second=2\n");
    check_process({"xorriso", "-as", "mkisofs", "-quiet", "-o", iso, "-e", "esp.img", "-no-emul-boot", tree});
}

TEST_F(ForeignMediaTest, SystemdBootsMenuIsDriven) {
    const fs::path iso = scratch_.path() / "systemd.iso", scenario = scratch_.path() / "append.toml";
    make_systemd_boot_medium(scratch_.path() / "tree", iso);
    write_file(scenario, by_systemd_boot);
    const ProcessResult ended =
        run({iso, "--scenario", scenario, "--arch", "x86_64", "--firmware", "uefi", "--medium", "cdrom"});
    ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
    EXPECT_EQ(only_cell().at("reached"), "kernel") << only_cell();
}

constexpr auto refused_by_own_keys = R"(
about = "The firmware refuses loaders signed by others."
like = "first-screen.toml"
firmware = ["uefi-secure"]
ends = "boot-refused"
[secure_boot]
db = "mine.pem"
)";

TEST_F(ForeignMediaTest, WithTheUsersOwnKeysOnlyWhatTheySignedIsBooted) {
    for (const char* name : {"mine", "other"}) {
        const auto file = [&](const char* ending) { return scratch_.path() / (std::string(name) + ending); };
        check_process({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj",
                       std::string("/CN=") + name, "-keyout", file(".key"), "-out", file(".pem")});
        check_process({"sbsign", "--key", file(".key"), "--cert", file(".pem"), "--output", file(".efi"),
                       "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"});
        make_systemd_boot_medium(scratch_.path() / name, file(".iso"), file(".efi"));
    }
    const ProcessResult booted =
        run({scratch_.path() / "mine.iso", "--scenario", "first-screen", "--arch", "x86_64", "--firmware",
             "uefi-secure", "--medium", "cdrom", "--enroll", scratch_.path() / "mine.pem"});
    ASSERT_EQ(booted.status, 0) << booted.out << booted.err;
    EXPECT_EQ(only_cell().at("reached"), "first-screen") << only_cell();

    const fs::path scenario = scratch_.path() / "refused.toml";
    write_file(scenario, refused_by_own_keys);
    check_process({"cp", source_directory() / "scenarios/first-screen.toml", scratch_.path()});
    const ProcessResult refused =
        run({scratch_.path() / "other.iso", "--scenario", scenario, "--arch", "x86_64", "--medium", "cdrom"});
    ASSERT_EQ(refused.status, 0) << refused.out << refused.err;
    EXPECT_EQ(only_cell().at("reached"), "boot-refused") << only_cell();
}

}  // namespace
}  // namespace lktest
