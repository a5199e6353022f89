// SPDX-License-Identifier: MIT
#include "builder/note.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <sstream>

#include "builder/base/file.hpp"
#include "builder/base/hash.hpp"
#include "builder/boot/menu.hpp"
#include "builder/build.hpp"
#include "builder/cache.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

/// Identifies the bytes of the output, so that a file that changed since is not taken for the result.
std::string output_identity(const fs::path& output) {
    if (!fs::is_directory(output))
        return "output " + file_identity(output);
    std::set<std::string> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(output))
        if (entry.is_regular_file())
            files.insert(file_identity(entry.path()));
    return fmt::format("output {:016x}\n", hash(fmt::format("{}", fmt::join(files, ""))));
}

/// Files that the recipe names for its loaders.
std::vector<fs::path> files_of(const Recipe& recipe) {
    std::vector<fs::path> files;
    if (!recipe.splash.empty())
        files.push_back(recipe.splash);
    if (recipe.signing)
        files.insert(files.end(), {recipe.signing->key, recipe.signing->certificate});
    return files;
}

}  // namespace

std::string text_of(const InitScripts& scripts) {
    std::string text;
    for (const auto& [path, content] : scripts)
        text += path + "\n" + content;
    return text;
}

std::string own_inputs(const Recipe& recipe, Arch arch, const InitScripts& scripts) {
    std::string menu;
    for (const BootMenu::Entry& entry : boot_menu(recipe, arch).entries)
        menu += entry.title + entry.command_line;
    for (const fs::path& file : files_of(recipe))
        menu += file_identity(file);
    return fmt::format("lktest {} format {}\narch {}\nrecipe {:016x}\nsuite {}\ninit {:016x}\nmenu {:016x}\n",
                       LKTEST_VERSION, format_version, name(arch), hash(recipe.text), recipe.suite,
                       hash(text_of(scripts)), hash(menu));
}

std::string note_start(const Recipe& recipe, Arch arch, const InitScripts& scripts, const fs::path& output) {
    return own_inputs(recipe, arch, scripts) + output_identity(output);
}

bool is_current(const Recipe& recipe, Arch arch, const fs::path& iso, const fs::path& cache) {
    // Whether another root, or a vendor's ISO, is as it was is not known without reading it.
    if (recipe.root.kind != RootKind::packages || !recipe.kernel_image.empty() ||
        recipe.loader == Loader::vendor)
        return false;
    if (!fs::exists(iso) || !fs::exists(inputs_of(iso)))
        return false;
    const std::string note = read_file(inputs_of(iso));
    if (!note.starts_with(note_start(recipe, arch, read_init_scripts(), iso)))
        return false;
    // A cache without one of the packages was cleared to get newer ones.
    std::istringstream debs(note.substr(note.find(packages_mark) + packages_mark.size()));
    for (std::string deb; std::getline(debs, deb);)
        if (!fs::exists(cache / "debs" / deb))
            return false;
    return true;
}

}  // namespace lktest
