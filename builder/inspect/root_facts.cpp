// SPDX-License-Identifier: MIT
#include "builder/inspect/root_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "builder/inspect/elf.hpp"
#include "builder/inspect/elf_program.hpp"
#include "builder/inspect/image_files.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

constexpr std::size_t root_limit = 8, image_limit = 64, release_limit = 8, head_size = 4096,
                      kernel_config_limit = 1 << 20;

/// Where initramfs scripts and the kernel look for init, and where systemd is.
constexpr std::array inits{std::string_view("/sbin/init"),
                           std::string_view("/usr/sbin/init"),
                           std::string_view("/usr/lib/systemd/systemd"),
                           std::string_view("/lib/systemd/systemd"),
                           std::string_view("/etc/init"),
                           std::string_view("/bin/init"),
                           std::string_view("/usr/bin/init"),
                           std::string_view("/init"),
                           std::string_view("/linuxrc")};

bool is_installer(std::string_view path) {
    const std::string small = lower_case(path);
    return small.starts_with("/boot/") || small.starts_with("/install") || small.starts_with("/images/") ||
           small.starts_with("/pool/") || small.ends_with(".snap");
}

void look_at_init(RootFacts& facts, const RootUnion& files) {
    for (const std::string_view path : inits) {
        const auto found = files.find(path);
        if (!found || !found->node.is_regular())
            continue;
        facts.init = found->path;
        break;
    }
    if (facts.init.empty())
        return;
    const auto head = files.head(facts.init, head_size);
    if (!head)
        return;
    facts.machine = elf_machine_of(*head);
    facts.interpreter = interpreter_of(*head);
    if (facts.interpreter.empty())
        return;
    const auto interpreter = files.find(facts.interpreter);
    facts.interpreter_there = interpreter.has_value();
    if (!facts.machine && interpreter)
        if (const auto program = files.head(facts.interpreter, head_size))
            facts.machine = elf_machine_of(*program);
}

/// The only directory at the top, if it holds what a root has at its top.
std::string nested_root(const RootUnion& files) {
    const std::vector<std::string> top = files.names("/");
    if (top.size() != 1)
        return "";
    const auto has = [&](std::string_view path) {
        return files.find(fmt::format("/{}{}", top.front(), path)).has_value();
    };
    return (has("/bin") || has("/usr/bin")) && has("/etc") && (has("/sbin") || has("/usr/sbin"))
               ? "/" + top.front()
               : "";
}

void look_at_releases(RootFacts& facts, const RootUnion& files) {
    for (const std::string_view modules : {"/lib/modules", "/modules"})
        for (const std::string& release : files.names(modules)) {
            const std::string directory = fmt::format("{}/{}", modules, release);
            if (facts.releases.size() >= release_limit || !files.find(directory + "/kernel"))
                continue;
            facts.releases.push_back(release);
            for (const std::string& config : {directory + "/config", "/boot/config-" + release})
                if (const auto text = files.head(config, kernel_config_limit))
                    facts.configs.emplace_back(release, *text);
        }
}

}  // namespace

std::vector<RootFacts> read_roots(const std::vector<RootImage>& images,
                                  const std::vector<std::string>& programs) {
    std::map<std::string, std::vector<const RootImage*>> by_directory;
    for (const RootImage& image : images) {
        // A partition is not stacked with others.
        const bool file = image.path.starts_with('/');
        if (!is_installer(image.path))
            by_directory[file ? std::string(directory_of(image.path)) : image.path].push_back(&image);
    }
    std::vector<RootFacts> roots;
    for (const auto& [directory, stacked] : by_directory) {
        if (roots.size() >= root_limit)
            break;
        RootFacts facts;
        RootUnion files;
        bool opened = true;
        for (const RootImage* one : stacked) {
            if (facts.images.size() >= image_limit)
                continue;
            facts.images.push_back(one->path);
            auto image = open_squashfs(one->content);
            if (!image)
                image = open_erofs(one->content);
            if (image)
                files.add(std::move(image));
            else
                opened = false;
        }
        if (files.empty())
            continue;
        const auto has = [&files](std::string_view path) { return files.find(path).has_value(); };
        facts.looks_like_root = (has("/bin") || has("/usr/bin")) && (has("/etc") || has("/usr/lib")) &&
                                (has("/proc") || has("/dev") || has("/sbin") || has("/usr/sbin"));
        if (!facts.looks_like_root)
            facts.nested = nested_root(files);
        look_at_init(facts, files);
        look_at_releases(facts, files);
        constexpr std::string_view store = "/nix/store";
        facts.nix_store =
            facts.images.size() == 1 && file_name_of(facts.images.front()).starts_with("nix-store.");
        std::ranges::copy_if(programs, std::back_inserter(facts.absent), [&](const std::string& program) {
            return !has(facts.nix_store && program.starts_with(store) ? program.substr(store.size())
                                                                      : program);
        });
        facts.readable = opened && files.readable();
        roots.push_back(std::move(facts));
    }
    return roots;
}

}  // namespace lktest
