// SPDX-License-Identifier: MIT
#include "builder/image/iso_writer.hpp"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/process.hpp"
#include "builder/boot/esp.hpp"
#include "builder/inspect/iso_tree.hpp"
#include "builder/tests/support/golden.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

constexpr std::int64_t time_of_image = 1'600'000'000;

/// A loader that libisofs accepts as an ISOLINUX for isohybrid, because of the
/// signature at byte 64.
std::string fake_isolinux() {
    std::string loader(24'576, 'l');
    return loader.replace(64, 4, "\xfb\xc0\x78\x70");
}

std::vector<ImageFile> efi_files(Arch arch) {
    return {{fmt::format("/EFI/BOOT/BOOT{}.EFI", efi_suffix(arch)), std::string(120'000, 's')},
            {fmt::format("/EFI/BOOT/GRUB{}.EFI", efi_suffix(arch)), std::string(50'000, 'g')}};
}

/// A small image in the given directory.
fs::path write_image(
    const fs::path& directory, Arch arch, const Progress& progress = [](auto...) {},
    PartitionTable table = PartitionTable::gpt) {
    const std::vector<ImageFile> efi = efi_files(arch);
    const fs::path esp = directory / "efiboot.img", iso = directory / "image.iso";
    fs::remove(esp);
    write_esp(esp, efi, time_of_image);
    write_file(directory / "layer", std::string(300'000, 'd'));
    std::vector<ImageFile> files;
    if (arch == Arch::x86_64)
        files.push_back({"/isolinux/isolinux.bin", fake_isolinux()});
    files.push_back({"/boot/grub/grub.cfg", std::string("set timeout=3\n")});
    files.insert(files.end(), efi.begin(), efi.end());
    files.push_back({"/live/01-a layer with a long name.sb", directory / "layer"});
    write_iso(iso, {"LKTEST_TEST", "LKTEST 0", time_of_image}, layout(arch, table), files, esp,
              arch == Arch::x86_64 ? std::string(432, '\x90') : "", progress);
    return iso;
}

std::string run(const std::vector<std::string>& command) {
    ProcessOptions utc;
    utc.environment = {{"TZ", "UTC0"}, {"LC_ALL", "C"}};
    const ProcessResult result = run_process(command, utc);
    return result.out;
}

/// The image according to xorriso and sgdisk, which are independent of the writer's caller.
std::string report(const fs::path& iso) {
    return run({"xorriso", "-indev", iso.string(), "-report_el_torito", "plain", "-report_system_area",
                "plain", "-pvd_info", "-find", "/", "-exec", "lsdl"}) +
           "\n" + run({"sgdisk", "-p", "-v", iso.string()});
}

std::string without_path(std::string text, const fs::path& directory) {
    for (std::size_t at = 0; (at = text.find(directory.string(), at)) != std::string::npos;)
        text.replace(at, directory.string().size(), "DIR");
    return text;
}

class IsoLayout : public testing::TestWithParam<Arch> {};
INSTANTIATE_TEST_SUITE_P(OfEachArch, IsoLayout, testing::ValuesIn(all_arches),
                         [](const auto& tested) { return std::string(name(tested.param)); });

TEST_P(IsoLayout, IsTheGoldenOneToIndependentTools) {
    const TempDir directory;
    const std::string text = report(write_image(directory.path(), GetParam()));
    EXPECT_NE(text.find("No problems found"), std::string::npos);
    expect_golden(fmt::format("iso_layout/{}.txt", name(GetParam())), without_path(text, directory.path()));
}

TEST_P(IsoLayout, HasNoGptWhereARecipeWantsNone) {
    const TempDir directory;
    const fs::path iso = write_image(
        directory.path(), GetParam(), [](auto...) {}, PartitionTable::mbr);
    EXPECT_EQ(read_file(iso).substr(512, 8), std::string(8, '\0'));
    const std::string table = check_process({"sfdisk", "--dump", iso.string()});
    EXPECT_NE(table.find("label: dos"), std::string::npos) << table;
    EXPECT_TRUE(std::regex_search(table, std::regex("iso2 : [^\n]*type=ef"))) << table;
    if (GetParam() == Arch::x86_64) {
        EXPECT_TRUE(std::regex_search(table, std::regex("iso1 : [^\n]*bootable"))) << table;
    }
}

TEST_P(IsoLayout, HasTheSameEfiFilesInTheEspAndOnTheIso) {
    const TempDir directory;
    const fs::path iso = write_image(directory.path(), GetParam()), out = directory.path() / "out";
    check_process({"xorriso", "-osirrox", "on", "-indev", iso.string(), "-extract", "/EFI", out.string()});
    // The ESP as on a disk: the range in the partition table.
    const std::string listing = check_process({"sgdisk", "-i", "2", iso.string()});
    std::smatch first;
    ASSERT_TRUE(std::regex_search(listing, first, std::regex("First sector: ([0-9]+)")));
    const std::string image = fmt::format("{}@@{}S", iso.string(), first[1].str());
    for (const ImageFile& file : efi_files(GetParam())) {
        const std::string on_iso = read_file(out / fs::path(file.path).lexically_relative("/EFI"));
        EXPECT_EQ(on_iso, std::get<std::string>(file.content));
        EXPECT_EQ(check_process({"mtype", "-i", image, "::" + file.path}), on_iso);
    }
}

TEST_P(IsoLayout, IsTheSameForTheSameFiles) {
    const TempDir one, two;
    const std::string first = read_file(write_image(one.path(), GetParam()));
    EXPECT_EQ(first, read_file(write_image(two.path(), GetParam())));
}

TEST(IsoWriter, KeepsTheOrderOfFilesOnTheMedium) {
    const TempDir directory;
    const fs::path iso = write_image(directory.path(), Arch::x86_64);
    const std::string lbas =
        run({"xorriso", "-indev", iso.string(), "-find", "/", "-type", "f", "-exec", "report_lba", "--"});
    const auto lba = [&lbas](const std::string& path) {
        std::smatch match;
        const std::regex line("lba: +[0-9]+ , +([0-9]+) ,[^\n]*" + path);
        return std::regex_search(lbas, match, line) ? std::stoi(match[1].str()) : -1;
    };
    EXPECT_GT(lba("isolinux.bin"), 0) << lbas;
    EXPECT_LT(lba("isolinux.bin"), lba("grub.cfg"));
    EXPECT_LT(lba("grub.cfg"), lba("BOOTX64.EFI"));
    EXPECT_LT(lba("GRUBX64.EFI"), lba("long name.sb"));
}

TEST(IsoWriter, AddsJolietForSystemsWithoutRockRidge) {
    const TempDir directory;
    const std::string iso = read_file(write_image(directory.path(), Arch::aarch64));
    // A supplementary volume descriptor (type 2) whose escape sequence is UCS-2 level 3.
    bool joliet = false;
    for (std::size_t sector = 17; sector < 32; ++sector)
        joliet |=
            iso.compare(sector * 2048, 6, "\2CD001") == 0 && iso.compare(sector * 2048 + 88, 3, "%/E") == 0;
    EXPECT_TRUE(joliet);
}

TEST(IsoWriter, HoldsALayerOfMoreThan4GiBUnderAnyName) {
    const TempDir directory;
    constexpr std::uint64_t size = (std::uint64_t{4} << 30) + 5'000;
    const fs::path layer = directory.path() / "layer", iso = directory.path() / "iso";
    write_file(layer, "begin");
    fs::resize_file(layer, size - 3);
    std::ofstream(layer, std::ios::app) << "end";
    write_esp(directory.path() / "esp", efi_files(Arch::aarch64), 0);
    // Neither ISO 9660 nor Joliet can hold the first name; Rock Ridge can.
    const std::string odd = "/live/" + std::string(180, 'x') + " ;*? \xc3\xa9.sb";
    const std::vector<ImageFile> files{{odd, std::string("odd")}, {"/live/02-large.sb", layer}};
    write_iso(iso, {"X", "X", 0}, layout(Arch::aarch64), files, directory.path() / "esp", "", [](auto...) {});
    fs::remove(layer);

    EXPECT_NE(run({"xorriso", "-indev", iso, "-find", "/live/02-large.sb", "-exec", "lsdl"})
                  .find(fmt::format(" {} ", size)),
              std::string::npos);
    const IsoTree tree = read_iso_tree(ByteView::of_file(iso));
    ASSERT_TRUE(tree.find(odd));
    EXPECT_EQ(tree.find(odd)->content.read(0, 10), "odd");
    const IsoNode* large = tree.find("/live/02-large.sb");
    ASSERT_TRUE(large);
    EXPECT_EQ(large->size, size);
    EXPECT_EQ(large->content.read(0, 5), "begin");
    EXPECT_EQ(large->content.read(size - 3, 10), "end");
}

TEST(IsoWriter, KeepsNamesThatIso9660AndJolietCannotHold) {
    const TempDir directory;
    const fs::path esp = directory.path() / "efiboot.img", iso = directory.path() / "image.iso";
    write_esp(esp, efi_files(Arch::aarch64), time_of_image);
    const std::vector<std::string> names{
        "README",  // differs from the next only in case
        "readme",
        std::string(200, 'l') + "1",  // differs from the next only after Joliet's 103 characters
        std::string(200, 'l') + "2",
        "a:b*c?d;1",                 // Joliet's reserved characters
        "caf\xc3\xa9 \xe4\xb8\xad",  // UTF-8
        "latin \xe9",                // and no UTF-8
        "trailing. ",
    };
    std::vector<ImageFile> files;
    for (const std::string& name : names)
        files.push_back({"/data/" + name, "content of " + name});
    write_iso(iso, {"NAMES", "LKTEST 0", time_of_image}, layout(Arch::aarch64, PartitionTable::gpt), files,
              esp, "", [](auto...) {});
    const IsoTree tree = read_iso_tree(ByteView::of_file(iso));
    for (const std::string& name : names) {
        const auto* node = tree.find("/data/" + name);
        ASSERT_TRUE(node) << name;
        EXPECT_EQ(node->content.read(0, node->content.size()), "content of " + name);
    }
}

TEST(IsoWriter, RefusesANameThatNoFileSystemHolds) {
    const TempDir directory;
    write_esp(directory.path() / "esp", efi_files(Arch::aarch64), time_of_image);
    const std::vector<ImageFile> files{{"/" + std::string(300, 'x'), std::string("content")}};
    try {
        write_iso(directory.path() / "iso", {"X", "X", 0}, layout(Arch::aarch64, PartitionTable::gpt), files,
                  directory.path() / "esp", "", [](auto...) {});
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).substr(0, 30), "cannot write the ISO: " + std::string(8, 'x'));
    }
}

TEST(IsoWriter, NamesAFileThatIsNotThere) {
    const TempDir directory;
    write_esp(directory.path() / "esp", efi_files(Arch::aarch64), 0);
    try {
        const std::vector<ImageFile> files{{"/live/01.sb", fs::path("/nowhere/layer")}};
        write_iso(directory.path() / "iso", {"X", "X", 0}, layout(Arch::aarch64), files,
                  directory.path() / "esp", "", [](auto...) {});
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("/nowhere/layer"), std::string::npos) << error.what();
    }
}

TEST(IsoWriter, SaysSoWhenTheDiskIsFull) {
    const TempDir directory;
    write_esp(directory.path() / "esp", efi_files(Arch::aarch64), 0);
    const std::vector<ImageFile> files{{"/a", std::string("a")}};
    try {
        write_iso("/dev/full", {"X", "X", 0}, layout(Arch::aarch64), files, directory.path() / "esp", "",
                  [](auto...) {});
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "cannot write /dev/full: No space left on device");
    }
}

TEST(IsoWriter, CanBeAbandonedByTheProgressFunction) {
    const TempDir directory;
    const Progress abandon = [](std::string_view, std::uint64_t, std::uint64_t) {
        throw std::runtime_error("enough");
    };
    EXPECT_THROW(write_image(directory.path(), Arch::x86_64, abandon), std::runtime_error);
    EXPECT_NO_THROW(write_image(directory.path(), Arch::x86_64));
}

TEST(VolumeUuid, IsTheTimeInUtc) {
    EXPECT_EQ(volume_uuid(0), "1970010100000000");
    EXPECT_EQ(volume_uuid(time_of_image), "2020091312264000");
}

}  // namespace
}  // namespace lktest
