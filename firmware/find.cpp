// SPDX-License-Identifier: MIT
#include "firmware/find.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <map>

#include "builder/base/file.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

bool is_there(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

std::map<fs::path, fs::path> descriptor_files(const std::vector<fs::path>& directories) {
    std::map<fs::path, fs::path> by_name;
    for (const fs::path& directory : directories) {
        std::error_code absent;
        for (const fs::directory_entry& entry : fs::directory_iterator(directory, absent))
            if (entry.path().extension() == ".json")
                by_name.emplace(entry.path().filename(), entry.path());
    }
    return by_name;
}

/// A path of a package, in the tree where the package was unpacked if it is there.
fs::path in_tree(const fs::path& root, const fs::path& path) {
    if (root.empty() || path.empty())
        return path;
    const fs::path unpacked = root / path.relative_path();
    return is_there(unpacked) ? unpacked : path;
}

void read_descriptor(const fs::path& file, const fs::path& root, FirmwareCatalogue& catalogue) try {
    const std::string text = read_file(file);
    if (text.empty())  // hides a descriptor of the same name
        return;
    auto descriptor = parse_descriptor(file, text, catalogue.warnings);
    if (!descriptor)
        return;
    descriptor->code = in_tree(root, descriptor->code);
    descriptor->variables = in_tree(root, descriptor->variables);
    const bool has_store = !descriptor->variables.empty();
    for (const fs::path& image : {descriptor->code, has_store ? descriptor->variables : descriptor->code})
        if (!is_there(image)) {
            catalogue.warnings.push_back(
                {{file.string()}, fmt::format("names an image that does not exist: {}", image.string()), {}});
            return;
        }
    catalogue.descriptors.push_back(std::move(*descriptor));
} catch (const Error& unreadable) {
    catalogue.warnings.push_back({{file.string()}, unreadable.what(), unreadable.hint()});
}

}  // namespace

std::vector<fs::path> firmware_directories() {
    std::vector<fs::path> directories{"/etc/qemu/firmware", "/usr/share/qemu/firmware"};
    const char* config = std::getenv("XDG_CONFIG_HOME");
    const char* home = std::getenv("HOME");
    if (config && *config)
        directories.insert(directories.begin(), fs::path(config) / "qemu/firmware");
    else if (home && *home)
        directories.insert(directories.begin(), fs::path(home) / ".config/qemu/firmware");
    return directories;
}

namespace {

/// @param root  of an unpacked package's tree; empty for the host's
FirmwareCatalogue find_in(const std::vector<fs::path>& directories, const fs::path& root) {
    FirmwareCatalogue catalogue;
    for (const auto& [name, file] : descriptor_files(directories))
        read_descriptor(file, root, catalogue);
    for (const FirmwareRow& kind : firmware_rows)
        for (const FirmwareBuild& build : kind.builds)
            for (const std::string_view image : build.images)
                if (const fs::path found = in_tree(root, image); is_there(found))
                    catalogue.images.try_emplace({kind.value, build.arch}, found);
    return catalogue;
}

}  // namespace

FirmwareCatalogue find_firmware(const std::vector<fs::path>& directories) {
    return find_in(directories, {});
}

FirmwareCatalogue find_unpacked_firmware(const fs::path& directory) {
    const fs::path root = fs::absolute(directory);
    FirmwareCatalogue catalogue = find_in({root / "usr/share/qemu/firmware", root}, root);
    catalogue.directory = directory;
    if (catalogue.descriptors.empty() && catalogue.warnings.empty())
        throw missing_firmware_error({"firmware with a descriptor", "", directory});
    if (catalogue.descriptors.empty())
        throw usage_error(
            fmt::format("{} has no firmware with a descriptor", directory.string()),
            fmt::format("{}: {}", catalogue.warnings.front().place.file, catalogue.warnings.front().message));
    return catalogue;
}

}  // namespace lktest
