// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "builder/inspect/boot_paths.hpp"
#include "builder/inspect/findings.hpp"
#include "builder/inspect/live_family.hpp"
#include "builder/inspect/path_lookup.hpp"

namespace lktest {
namespace {

/// A live system on one path through the menus, with the state that the rules share.
struct LivePath {
    const MediumFacts& facts;
    const IsoTree& tree;
    const BootPath& path;
    const std::string& line;  ///< the kernel's command line
    IsoFindings& findings;
    std::set<std::string>& said;  ///< findings made so far: entries share their files

    bool is_new(const std::string& what) const { return said.insert(what).second; }
};

bool asked_for(std::string_view line, std::span<const std::string_view> parameters) {
    const auto words = words_of(line);
    return std::ranges::any_of(parameters, [&words](std::string_view parameter) {
        return std::ranges::any_of(words, [parameter](std::string_view word) {
            return parameter.find('=') != std::string_view::npos
                       ? word.starts_with(parameter)
                       : word.substr(0, word.find('=')) == parameter;
        });
    });
}

/// Whether the directory has a file of this name, which may be "*.squashfs".
bool has_file(const IsoTree& tree, const std::string& directory, std::string_view name) {
    if (!name.starts_with('*'))
        return tree.find(normal_path(directory + "/" + std::string(name))) != nullptr;
    const std::string_view suffix = name.substr(1);
    const std::string prefix = directory == "/" ? "/" : directory + "/";
    for (auto node = tree.nodes.lower_bound(prefix);
         node != tree.nodes.end() && node->first.starts_with(prefix); ++node)
        if (node->first.ends_with(suffix) && node->first.find('/', prefix.size()) == std::string::npos)
            return true;
    return false;
}

bool has_any(const IsoTree& tree, const std::string& directory, std::span<const std::string_view> names) {
    return std::ranges::any_of(names, [&](std::string_view name) { return has_file(tree, directory, name); });
}

std::string machine_directory(const BootPath& path) {
    const std::string machine = path.kernel ? path.kernel->image->machine : "";
    return machine == "i386" ? "i686" : machine;
}

/// "/arch/x86_64" for archiso without archisobasedir=.
std::string directory_of_images(const LiveFamily& family, const LivePath& at) {
    std::string directory(family.directory);
    if (const std::string said = family.directory_parameter.empty()
                                     ? std::string()
                                     : parameter(at.line, family.directory_parameter);
        !said.empty()) {
        const std::size_t arch = directory.find("/{arch}");
        directory = normal_path("/" + said) + (arch == std::string::npos ? "" : "/{arch}");
    }
    if (const std::size_t arch = directory.find("{arch}"); arch != std::string::npos)
        directory.replace(arch, 6, machine_directory(at.path));
    return directory;
}

void judge_scripts(const LivePath& at, const std::vector<const LiveFamily*>& asked,
                   const std::vector<const LiveFamily*>& present) {
    const InitramfsImage& image = at.path.initramfs->image;
    const bool served = std::ranges::any_of(asked, [&present](const LiveFamily* family) {
        return std::ranges::find(present, family) != present.end();
    });
    if (asked.empty() || served || generator_of(image).empty())
        return;
    const LiveFamily& family = *asked.front();
    const std::string initramfs = path_of(*at.path.initramfs);
    if (!at.is_new("scripts " + initramfs + std::string(family.name)))
        return;
    std::string asking;
    for (const std::string_view word : words_of(at.line))
        if (asking.empty() && !families_asked_by(word).empty())
            asking = word;
    if (!present.empty())
        add_error(
            at.findings, "live-scripts-missing",
            fmt::format(
                "{} says '{}', which selects {}, but the scripts in {} are those of {}: {} is missing.",
                describe(at.path), asking, family.name, initramfs, present.front()->name, family.scripts),
            present.front()->asked_by.empty()
                ? fmt::format("Use the parameters of {}.", present.front()->name)
                : fmt::format("Write '{}' instead, or make an initramfs with {}: {}.",
                              present.front()->asked_by.front(), family.name, family.maker));
    else
        add_error(
            at.findings, "live-scripts-missing",
            fmt::format("{} says '{}', which selects {}, but {} has no {}: it cannot find the live system.",
                        describe(at.path), asking, family.name, initramfs, family.scripts),
            fmt::format("Make the initramfs with {}: {}.", family.name, family.maker));
}

/// initramfs-tools starts the live scripts only if `boot=` or one of its settings says so.
void judge_boot_parameter(const LivePath& at, const std::vector<const LiveFamily*>& present) {
    const InitramfsImage& image = at.path.initramfs->image;
    if (generator_of(image) != "initramfs-tools" || !at.path.entry->said.certain ||
        has_parameter(at.line, "boot") || has_parameter(at.line, "root") || has_parameter(at.line, "nfsroot"))
        return;
    const LiveFamily* family = nullptr;
    for (const LiveFamily* one : present)
        if (!one->asked_by.empty() && one->asked_by.front().starts_with("boot="))
            family = one;
    if (!family)
        return;
    const std::string setting = "BOOT=" + std::string(family->asked_by.front().substr(5));
    for (const auto& [path, text] : image.texts)
        if (text.find(setting) != std::string::npos ||
            text.find("BOOT=\"" + setting.substr(5)) != std::string::npos)
            return;
    if (at.is_new("boot parameter " + path_of(*at.path.initramfs)))
        add_error(
            at.findings, "live-parameter-missing",
            fmt::format("{} has neither '{}' nor root=: the initramfs does not start {} and ends with \"No "
                        "root device specified\".",
                        describe(at.path), family->asked_by.front(), family->name),
            fmt::format("Add '{}' to the kernel's parameters.", family->asked_by.front()));
}

/// Files of the medium with the name of one of the family's images; the first is enough for a message.
std::string image_elsewhere(const LivePath& at, const LiveFamily& family, std::string_view named) {
    for (const auto& [path, node] : at.tree.nodes) {
        const std::string_view file = file_name_of(path);
        const bool fits =
            !node.directory && (file == named || std::ranges::any_of(family.images, [file](auto image) {
                                    return image.starts_with('*') ? file.ends_with(image.substr(1))
                                                                  : file == image;
                                }));
        if (fits)
            return path;
    }
    return {};
}

/// Whether the command line itself says where the image is, so that an unknown initramfs does not matter.
bool says_where(const LivePath& at, const LiveFamily& family) {
    return (!family.directory_parameter.empty() && !parameter(at.line, family.directory_parameter).empty()) ||
           (!family.image_parameter.empty() && !parameter(at.line, family.image_parameter).empty());
}

/// Whether the directory has an image whose extension ISO 9660 has cut to three characters.
bool has_cut_name(const LivePath& at, const LiveFamily& family, const std::string& directory) {
    return at.facts.kind == MediumKind::iso && at.facts.names == IsoTree::Names::plain &&
           std::ranges::any_of(family.images, [&](std::string_view image) {
               const std::size_t dot = image.rfind('.');
               return image.starts_with('*') && image.size() > dot + 4 &&
                      has_file(at.tree, directory, image.substr(0, dot + 4));
           });
}

void judge_images(const LivePath& at, const LiveFamily& family, bool asked) {
    if (family.images.empty() || asked_for(at.line, family.elsewhere) || !at.path.entry->said.certain)
        return;
    const std::string directory = directory_of_images(family, at);
    if (family.directory.ends_with("{arch}") && machine_directory(at.path).empty())
        return;
    std::string wanted;
    if (const std::string named =
            family.image_parameter.empty() ? std::string() : parameter(at.line, family.image_parameter);
        !named.empty()) {
        wanted = normal_path(directory + "/" + named);
        if (at.tree.find(wanted))
            return;
    } else {
        if (has_any(at.tree, directory, family.images))
            return;
        wanted = normal_path(fmt::format("{}/{}", directory, family.images.front()));
    }
    if (!at.is_new("images " + wanted))
        return;
    const std::string other = image_elsewhere(at, family, file_name_of(wanted));
    const bool short_names = has_cut_name(at, family, directory);
    const std::string asking = asked && !family.asked_by.empty()
                                   ? fmt::format("{} says '{}': ", describe(at.path), family.asked_by.front())
                                   : fmt::format("{}: ", describe(at.path));
    add_error(
        at.findings, "live-image-missing",
        fmt::format("{}{} looks for the live system's root file system, {}, but the medium does not "
                    "have it: the boot stops in the initramfs.{}",
                    asking, family.name, wanted,
                    short_names ? " The ISO has neither Rock Ridge nor Joliet names, so longer names than "
                                  "8.3 are cut off: filesystem.squashfs becomes filesyst.squ."
                    : other.empty() ? ""
                                    : fmt::format(" The medium has {}.", other)),
        short_names ? "Write the ISO with Rock Ridge names: -R for genisoimage, -r for xorriso -as mkisofs."
        : family.directory_parameter.empty() ? fmt::format("Put it into {}.", directory)
                                             : fmt::format("Put it into {}, or name its directory with {}=.",
                                                           directory, family.directory_parameter));
}

/// live-boot and casper may accept only the medium made together with their initramfs.
void judge_pairing(const LivePath& at, std::string_view family) {
    const InitramfsImage& image = at.path.initramfs->image;
    const auto setting = image.texts.find("/conf/uuid.conf");
    if (setting == image.texts.end() || has_parameter(at.line, "ignore_uuid"))
        return;
    const auto first_line = [](std::string text) {
        text = text.substr(0, text.find('\n'));
        std::erase_if(text, [](char c) { return c == '\r' || c == ' ' || c == '"'; });
        return text.starts_with("UUID=") ? text.substr(5) : text;
    };
    const std::string wanted = first_line(setting->second);
    const std::string prefix = fmt::format("/.disk/{}-uuid", family == "casper" ? "casper" : "live");
    std::vector<std::string> found;
    for (auto node = at.tree.nodes.lower_bound(prefix);
         node != at.tree.nodes.end() && node->first.starts_with(prefix); ++node) {
        if (node->first == prefix + "-override")
            return;
        found.push_back(first_line(node->second.content.read(0, 256)));
    }
    if (wanted.empty() || std::ranges::find(found, wanted) != found.end() || !at.is_new("pairing " + wanted))
        return;
    add_error(at.findings, "live-uuid-mismatch",
              fmt::format("The {} in {} accepts only a medium with the UUID {} in {}*, but this one has {}: "
                          "it reports that it cannot find a medium.",
                          family, path_of(*at.path.initramfs), wanted, prefix,
                          found.empty() ? "none" : fmt::format("{}", fmt::join(found, ", "))),
              fmt::format("Write {} into {}, or add ignore_uuid to the kernel's parameters.", wanted,
                          prefix + "-generic"));
}

void judge_casper_layers(const LivePath& at) {
    std::string layer = parameter(at.line, "layerfs-path");
    if (layer.empty())
        for (const auto& [path, text] : at.path.initramfs->image.texts)
            if (const std::size_t found = text.find("LAYERFS_PATH=");
                path.starts_with("/conf/") && found != std::string::npos) {
                layer = text.substr(found + 13, text.find_first_of("\r\n", found) - found - 13);
                std::erase(layer, '"');
                std::erase(layer, '\'');
            }
    if (layer.empty() || layer.find('$') != std::string::npos)
        return;
    const std::string path = parameter(at.line, "live-media-path");
    const std::string wanted = normal_path(fmt::format("/{}/{}", path.empty() ? "casper" : path, layer));
    if (!at.tree.find(wanted) && at.is_new("layer " + wanted))
        add_error(at.findings, "live-image-missing",
                  fmt::format("{}: casper needs the layer {}, which is not on the medium.", describe(at.path),
                              wanted),
                  "Add it, or name another layer with layerfs-path=.");
}

void judge_archiso_file(const LivePath& at) {
    const std::string file = parameter(at.line, "archisosearchfilename");
    if (!file.empty() && file.starts_with('/') && !at.tree.find(file) && at.is_new("search file " + file))
        add_error(at.findings, "live-medium-mark-missing",
                  fmt::format("{}: archiso recognises its medium by the file {} (archisosearchfilename=), "
                              "but the medium does not have it.",
                              describe(at.path), file),
                  "Name a file that is on the medium, such as /boot/UUID.uuid.");
}

/// Alpine's /init finds its medium by the repository on it, and the modules in a SquashFS.
void judge_alpine(const LivePath& at) {
    const std::string named = parameter(at.line, "modloop");
    if (named.find("://") == std::string::npos && named.starts_with('/') && !at.tree.find(named) &&
        at.is_new("modloop " + named))
        add_error(at.findings, "live-image-missing",
                  fmt::format("{} says 'modloop={}', but the medium has no such file: the system starts "
                              "without its kernel modules.",
                              describe(at.path), named),
                  "Correct the path, or add the modloop.");
    if (has_parameter(at.line, "alpine_repo") || has_parameter(at.line, "root") ||
        has_parameter(at.line, "ip"))
        return;
    const bool marked = std::ranges::any_of(at.tree.nodes, [](const auto& node) {
        return node.first.ends_with("/.boot_repository") || node.first.ends_with(".apkovl.tar.gz");
    });
    if (!marked && at.is_new("boot repository"))
        add_error(at.findings, "live-medium-mark-missing",
                  fmt::format("{}: Alpine's initramfs recognises its medium by /apks/.boot_repository, but "
                              "the medium has no such file: it stops at a shell.",
                              describe(at.path)),
                  "Create the file again (it is empty), next to the packages.");
}

/// "slax" of `LIVEKITNAME="slax"`.
std::string shell_value(std::string_view text, std::string_view name) {
    const std::string key = std::string(name) + "=";
    for (std::size_t at = 0; (at = text.find(key, at)) != std::string_view::npos; at += key.size()) {
        if (at != 0 && text[at - 1] != '\n' && text[at - 1] != ' ')
            continue;
        std::string_view value = text.substr(at + key.size());
        const std::size_t quote = value.starts_with('"') || value.starts_with('\'') ? 1 : 0;
        value.remove_prefix(quote);
        return std::string(value.substr(0, value.find_first_of("\"' \t\r\n;#")));
    }
    return {};
}

void judge_linux_live(const LivePath& at) {
    const InitramfsImage& image = at.path.initramfs->image;
    std::string name, extension;
    for (const auto& [path, text] : image.texts) {
        if (name.empty())
            name = shell_value(text, "LIVEKITNAME");
        if (extension.empty())
            extension = shell_value(text, "BEXT");
    }
    const std::string from = parameter(at.line, "from");
    if (name.empty() || name.find('$') != std::string::npos || from.find("://") != std::string::npos ||
        from == "ask" || from.starts_with("/dev/") || from.ends_with(".iso") ||
        (from.empty() && has_parameter(at.line, "from")))
        return;
    const std::string directory = normal_path("/" + (from.empty() ? name : from)),
                      pattern = "*." + (extension.empty() ? "sb" : extension);
    const bool there = std::ranges::any_of(at.tree.nodes, [&](const auto& node) {  // or in /slax/modules
        return node.first.starts_with(directory + "/") && node.first.ends_with(pattern.substr(1));
    });
    if (!there && at.is_new("bundles " + directory))
        add_error(at.findings, "live-image-missing",
                  fmt::format("{}: linux-live looks for its layers, {}/{}, but the medium has none.",
                              describe(at.path), directory, pattern),
                  from.empty()
                      ? fmt::format("Put them into {}, or name their directory with from=.", directory)
                      : fmt::format("Correct from=, or put them into {}.", directory));
}

}  // namespace

void judge_live(const MediumFacts& facts, IsoFindings& findings) {
    if (!facts.tree)
        return;
    std::set<std::string> said;
    for (const BootPath& path : boot_paths(facts)) {
        if (!path.initramfs || !path.initramfs->image.fault.empty())
            continue;
        const std::string& line = path.entry->said.command_line;
        const LivePath at{facts, *facts.tree, path, line, findings, said};
        const auto asked = families_asked_by(line), present = families_in(path.initramfs->image);
        judge_scripts(at, asked, present);
        judge_boot_parameter(at, present);
        // An unknown initramfs may do anything, but not find an image under a name that it does not have.
        if (present.empty())
            for (const LiveFamily* family : asked)
                if (says_where(at, *family) && !image_elsewhere(at, *family, {}).empty())
                    judge_images(at, *family, true);
        for (const LiveFamily* family : present) {
            const bool wanted = std::ranges::find(asked, family) != asked.end();
            const bool by_default =
                asked.empty() && !has_parameter(line, "root") && !has_parameter(line, "boot");
            if (wanted || by_default || family->asked_by.empty())
                judge_images(at, *family, wanted);
            if ((wanted || by_default) && (family->name == "casper" || family->name == "live-boot"))
                judge_pairing(at, family->name);
            if ((wanted || by_default) && family->name == "casper")
                judge_casper_layers(at);
            if (wanted && family->name == "archiso")
                judge_archiso_file(at);
            if (family->name == "Alpine")
                judge_alpine(at);
            if (family->name == "linux-live")
                judge_linux_live(at);
        }
    }
}

}  // namespace lktest
