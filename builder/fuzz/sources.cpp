// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "builder/base/file.hpp"
#include "builder/fuzz/reader.hpp"
#include "builder/recipe.hpp"
#include "builder/tests/support/fake_medium.hpp"
#include "builder/tests/support/make_deb.hpp"
#include "builder/tree/deb.hpp"
#include "builder/tree/tar.hpp"
#include "builder/vendor/vendor_loader.hpp"

namespace lktest {
namespace {

/// The readers below take files.
class OneFile {
public:
    OneFile(std::string_view name, const std::string& bytes) : path_(directory_.path() / name) {
        write_file(path_, bytes);
    }
    const std::filesystem::path& path() const { return path_; }
    const std::filesystem::path& directory() const { return directory_.path(); }

private:
    TempDir directory_;
    std::filesystem::path path_;
};

void recipe(const std::string& bytes) {
    read_recipe(OneFile("live.toml", bytes).path());
}

void deb(const std::string& bytes) {
    const OneFile file("x_1_amd64.deb", bytes);
    const std::filesystem::path tar = data_tar(file.path(), file.directory());
    read_tar(MappedFile::open(tar), [](const std::string&, std::shared_ptr<Inode>) {});
}

void tar(const std::string& bytes) {
    const OneFile file("root.tar", bytes);
    tar_tree(file.path(), {"/tmp/*"}, file.directory());
}

void vendor(const std::string& bytes) {
    const OneFile file("vendor.iso", bytes);
    vendor_loader(file.path(), Arch::aarch64, "set timeout=3\n");
}

std::vector<std::string> recipes() {
    const std::string least = "about = \"Live\"\nvolume_label = \"LIVE\"\n[[menu]]\ntitle = \"Start\"\n";
    return {least +
                "append = \"debug\"\n[kernel]\nx86_64 = \"linux-image-amd64\"\ncommand_line = \"quiet\"\n"
                "[packages]\ncommon = [\"bash\"]\n[squashfs]\ncompressor = \"xz\"\n",
            least + "[root]\ntar = \"root.tar\"\nreport = \"none\"\n"};
}

std::vector<DebEntry> entries() {
    return {{.path = "./usr/bin/", .mode = 0040755},
            {.path = "./usr/bin/x", .mode = 0100755, .text = std::string(700, 'x')},
            {.path = "./usr/bin/y", .mode = 0120777, .text = "x"},
            {.path = "./usr/bin/z", .hardlink = "./usr/bin/x"},
            {.path = "./dev/null", .mode = 0020666, .major = 1, .minor = 3}};
}

std::vector<std::string> tars() {
    std::vector<std::string> found;
    for (const char* filter : {"none", "zstd"})
        found.push_back(make_tar(entries(), true, filter));
    return found;
}

std::vector<std::string> debs() {
    const TempDir directory;
    std::vector<std::string> found;
    for (const char* filter : {"none", "xz"})
        found.push_back(read_file(make_deb(directory.path(), "x", entries(), filter).deb));
    return found;
}

std::vector<std::string> vendors() {
    FakeMedium medium(Arch::aarch64);
    medium.esp["/EFI/BOOT/GRUBAA64.EFI"] += "grub_mod_init";
    return {medium.bytes()};
}

}  // namespace

std::vector<FuzzReader> source_readers() {
    return {{"recipe", recipe, recipes},
            {"deb", deb, debs, 150},
            {"tar", tar, tars, 150},
            {"vendor", vendor, vendors, 60}};
}

}  // namespace lktest
