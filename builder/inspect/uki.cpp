// SPDX-License-Identifier: MIT
#include "builder/inspect/uki.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace lktest {
namespace {

constexpr std::size_t text_limit = 64 << 10, profile_limit = 32, remark_limit = 8;

std::string text_of(const PeSection& section, const ByteView& file) {
    std::string text = section.content(file).read(0, text_limit);
    text.resize(std::min(text.find('\0'), text.size()));
    text.resize(text.find_last_not_of(" \t\r\n") + 1);
    return text;
}

/// The value of KEY in a file like /etc/os-release.
std::string value_of(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != '=')
            continue;
        line.remove_prefix(key.size() + 1);
        if (line.size() >= 2 && (line.front() == '"' || line.front() == '\'') && line.back() == line.front())
            line = line.substr(1, line.size() - 2);
        return std::string(line);
    }
    return {};
}

void add_section(UkiProfile& profile, const PeSection& section, const ByteView& file) {
    if (section.name == ".linux") {
        profile.kernel = section.content(file);
        profile.has_kernel = true;
    } else if (section.name == ".initrd") {
        profile.initrds.push_back(section.content(file));
    } else if (section.name == ".ucode") {
        profile.initrds.insert(profile.initrds.begin(), section.content(file));
    } else if (section.name == ".cmdline") {
        profile.command_line = text_of(section, file);
    } else if (section.name == ".uname") {
        profile.uname = text_of(section, file);
    } else if (section.name == ".osrel") {
        profile.os_name = value_of(text_of(section, file), "PRETTY_NAME");
    } else if (section.name == ".dtb") {
        profile.device_tree = true;
    } else if (section.name == ".profile") {
        const std::string text = text_of(section, file);
        profile.title = value_of(text, "TITLE");
        if (profile.title.empty())
            profile.title = value_of(text, "ID");
    }
}

/// A profile inherits missing sections from the base.
void complete(UkiProfile& profile, const UkiProfile& base) {
    if (!profile.has_kernel) {
        profile.kernel = base.kernel;
        profile.has_kernel = base.has_kernel;
    }
    if (profile.initrds.empty())
        profile.initrds = base.initrds;
    if (!profile.command_line)
        profile.command_line = base.command_line;
    if (profile.uname.empty())
        profile.uname = base.uname;
    if (profile.os_name.empty())
        profile.os_name = base.os_name;
}

void find_overlaps(UkiImage& uki, std::vector<PeSection> sections) {
    const auto note = [&uki](const PeSection& one, const PeSection& other) {
        const std::string pair = fmt::format("{} and {}", one.name, other.name);
        if (uki.overlapping.size() < remark_limit &&
            std::ranges::find(uki.overlapping, pair) == uki.overlapping.end())
            uki.overlapping.push_back(pair);
    };
    std::erase_if(sections,
                  [](const PeSection& section) { return section.size == 0 && section.stored == 0; });
    std::ranges::stable_sort(sections, {}, &PeSection::address);
    for (std::size_t i = 1; i < sections.size(); ++i)
        if (sections[i - 1].address + std::max(sections[i - 1].size, std::uint64_t{1}) > sections[i].address)
            note(sections[i - 1], sections[i]);
    std::erase_if(sections, [](const PeSection& section) { return section.stored == 0; });
    std::ranges::stable_sort(sections, {}, &PeSection::offset);
    for (std::size_t i = 1; i < sections.size(); ++i)
        if (sections[i - 1].offset + sections[i - 1].stored > sections[i].offset)
            note(sections[i - 1], sections[i]);
}

}  // namespace

std::optional<UkiImage> read_uki(const ByteView& file, const PeImage& image) {
    if (std::ranges::find(image.sections, ".linux", &PeSection::name) == image.sections.end())
        return std::nullopt;
    // The stub looks for the first section of each of these names.
    constexpr std::array single{std::string_view(".linux"), std::string_view(".initrd"),
                                std::string_view(".cmdline"), std::string_view(".osrel"),
                                std::string_view(".uname")};
    UkiImage uki;
    UkiProfile base;
    std::set<std::string> seen;
    std::vector<UkiProfile> profiles;
    for (const PeSection& section : image.sections) {
        if (section.offset + section.stored > file.size() && uki.outside.size() < remark_limit)
            uki.outside.push_back(section.name);
        if (section.name == ".sdmagic")
            uki.stub = text_of(section, file);
        uki.has_os_release |= section.name == ".osrel";
        if (section.name == ".profile") {
            if (profiles.size() >= profile_limit)
                break;
            profiles.emplace_back();
            seen.clear();
        }
        const bool again = !seen.insert(section.name).second;
        if (again && std::ranges::find(single, section.name) != single.end()) {
            if (uki.twice.size() < remark_limit)
                uki.twice.push_back(section.name);
            continue;
        }
        add_section(profiles.empty() ? base : profiles.back(), section, file);
    }
    if (const auto from = uki.stub.find("LoaderInfo: "); from != std::string::npos) {
        uki.stub.erase(0, from + 12);
        uki.stub.resize(std::min(uki.stub.find(" ####"), uki.stub.size()));
    }
    for (const PeSection& section : image.sections)
        if (image.image_size != 0 && section.address + section.size > image.image_size &&
            uki.unloaded.size() < remark_limit)
            uki.unloaded.push_back(section.name);
    find_overlaps(uki, image.sections);
    for (UkiProfile& profile : profiles)
        complete(profile, base);
    if (profiles.empty())
        profiles.push_back(std::move(base));
    uki.profiles = std::move(profiles);
    return uki;
}

std::optional<UkiAddon> read_uki_addon(const ByteView& file, std::string path) {
    const auto image = read_pe(file);
    if (!image || std::ranges::find(image->sections, ".linux", &PeSection::name) != image->sections.end())
        return std::nullopt;
    UkiProfile said;
    for (const PeSection& section : image->sections)
        add_section(said, section, file);
    return UkiAddon{std::move(path), pe_machine_name(image->machine), said.command_line.value_or(""),
                    std::move(said.initrds)};
}

void apply_addon(UkiImage& uki, const UkiAddon& addon) {
    for (UkiProfile& profile : uki.profiles) {
        if (!addon.command_line.empty()) {
            std::string& line = profile.command_line ? *profile.command_line : profile.command_line.emplace();
            line.append(line.empty() ? "" : " ").append(addon.command_line);
        }
        profile.initrds.insert(profile.initrds.end(), addon.initrds.begin(), addon.initrds.end());
    }
}

}  // namespace lktest
