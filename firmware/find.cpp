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

void read_descriptor(const fs::path& file, FirmwareCatalogue& catalogue) try {
    const std::string text = read_file(file);
    if (text.empty())  // hides a descriptor of the same name
        return;
    auto descriptor = parse_descriptor(file, text, catalogue.warnings);
    if (!descriptor)
        return;
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

FirmwareCatalogue find_firmware(const std::vector<fs::path>& directories) {
    FirmwareCatalogue catalogue;
    for (const auto& [name, file] : descriptor_files(directories))
        read_descriptor(file, catalogue);
    for (const FirmwareRow& kind : firmware_rows)
        for (const FirmwareBuild& build : kind.builds)
            for (const std::string_view image : build.images)
                if (is_there(image))
                    catalogue.images.try_emplace({kind.value, build.arch}, image);
    return catalogue;
}

}  // namespace lktest
