// SPDX-License-Identifier: MIT
#include "builder/recipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <set>

#include "builder/base/file.hpp"
#include "builder/base/toml_reader.hpp"
#include "builder/tree/apt_sources.hpp"

namespace lktest {
namespace {

struct CompressorFacts {
    Compressor compressor;
    std::string_view name;
    unsigned most;  ///< highest level; 0 without levels
};

constexpr std::array compressors{
    CompressorFacts{Compressor::zstd, "zstd", 22},
    CompressorFacts{Compressor::xz, "xz", 9},
    CompressorFacts{Compressor::lz4, "lz4", 0},
    CompressorFacts{Compressor::gzip, "gzip", 9},
};

const CompressorFacts& facts(Compressor compressor) {
    return *std::ranges::find(compressors, compressor, &CompressorFacts::compressor);
}

constexpr std::array partition_tables{name(PartitionTable::gpt), name(PartitionTable::mbr)};

/// Complains about characters that would end or change a line of a boot loader's
/// configuration. They have no escape that ISOLINUX and GRUB both understand.
void check_boot_text(TableReader& reader, std::string_view key, std::string_view text) {
    const auto bad = std::ranges::find_if(text, [](unsigned char c) {
        return c < 0x20 || c >= 0x7f || std::string_view("'\"\\$;{}|&<>^").find(char(c)) != std::string::npos;
    });
    if (bad != text.end())
        reader.complain(key,
                        fmt::format("'{}' has a character that boot loaders cannot show or pass on", key),
                        "use letters, digits, spaces and -_.,:=/@()+");
}

/// Complains unless `path` is absolute and names something below the root.
bool is_path(std::string_view path) {
    return path.size() > 1 && path.front() == '/' && path.back() != '/' &&
           path.find("//") == std::string_view::npos &&
           (std::string(path) + "/").find("/../") == std::string::npos &&
           (std::string(path) + "/").find("/./") == std::string::npos;
}

void read_volume_label(TableReader& top, Recipe& recipe) {
    recipe.volume_label = top.required_string("volume_label");
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    const std::string& label = recipe.volume_label;
    if (!top.has("volume_label"))
        return;
    if (label.empty() || label.size() > 32 || label.find_first_not_of(allowed) != std::string::npos)
        top.complain("volume_label", fmt::format("\"{}\" is not an ISO 9660 volume label", label),
                     "use 1 to 32 of A-Z, 0-9 and _");
}

/// Strings whose places later messages need: as "PREFIX STRING" in Recipe::places.
std::vector<std::string> placed_strings(TomlSource& source, TableReader& reader, std::string_view key,
                                        std::string_view prefix, Recipe& recipe) {
    std::vector<std::string> strings;
    for (const PlacedText& text : reader.texts(key)) {
        recipe.places.try_emplace(fmt::format("{} {}", prefix, text.text), source.place(text.where));
        strings.push_back(text.text);
    }
    return strings;
}

NamesPerArch read_names(TomlSource& source, TableReader& reader, std::string_view common_key,
                        Recipe& recipe) {
    const auto names = [&](std::string_view key) {
        return placed_strings(source, reader, key, common_key == "modules" ? "modules" : "packages", recipe);
    };
    NamesPerArch found;
    found.common = names(common_key);
    for (const Arch arch : all_arches)
        found.own[static_cast<std::size_t>(arch)] = names(name(arch));
    return found;
}

/// Patterns are compared with absolute paths: what cannot match any would be ignored silently.
void read_exclude(TomlSource& source, TableReader& reader, Recipe& recipe) {
    for (const std::string& pattern : placed_strings(source, reader, "exclude", "exclude", recipe)) {
        const Place& place = recipe.places.at("exclude " + pattern);
        const auto complain = [&](std::string message, std::string hint) {
            source.problems.push_back({place, std::move(message), std::move(hint)});
        };
        if (!pattern.starts_with('/') && !pattern.starts_with('*') && !pattern.starts_with('['))
            complain(fmt::format("\"{}\" matches nothing: 'exclude' compares with absolute paths", pattern),
                     fmt::format("write \"/{}\"", pattern));
        else if (pattern.size() > 1 && pattern.ends_with('/'))
            complain(fmt::format("\"{}\" matches nothing: a path does not end in /", pattern),
                     fmt::format("write \"{}\", or \"{}*\" to keep the directory",
                                 pattern.substr(0, pattern.size() - 1), pattern));
        else
            recipe.exclude.push_back(pattern);
    }
}

/// The same for the paths of modules, which begin below /lib/modules/RELEASE/kernel.
void read_kernel_exclude(TomlSource& source, TableReader& reader, Recipe& recipe) {
    for (const std::string& pattern : placed_strings(source, reader, "exclude", "kernel.exclude", recipe)) {
        if (pattern.starts_with('/') || pattern.starts_with("kernel/"))
            source.problems.push_back(
                {recipe.places.at("kernel.exclude " + pattern),
                 fmt::format("\"{}\" matches nothing: 'exclude' of [kernel] begins below kernel/", pattern),
                 "write it as \"sound/*\" or \"drivers/gpu/*\""});
        else
            recipe.kernel_exclude.push_back(pattern);
    }
}

/// A path in a recipe is relative to the recipe.
std::filesystem::path beside(const Recipe& recipe, const std::string& path) {
    return path.empty() ? std::filesystem::path() : (recipe.file.parent_path() / path).lexically_normal();
}

struct RootKey {
    RootKind kind;
    std::string_view name;
};
constexpr std::array root_keys{
    RootKey{RootKind::directory, "directory"},
    RootKey{RootKind::tar, "tar"},
    RootKey{RootKind::system, "system"},
    RootKey{RootKind::squashfs, "squashfs"},
    RootKey{RootKind::iso, "iso"},
    RootKey{RootKind::debian, "debian"},
    RootKey{RootKind::oci, "oci"},
};

void read_root(TomlSource& source, const toml::table& table, Recipe& recipe) {
    TableReader reader(source, table, "[root]");
    RootSource& root = recipe.root;
    int kinds = 0;
    for (const RootKey& key : root_keys) {
        if (!reader.has(key.name))
            continue;
        ++kinds;
        root.kind = key.kind;
        if (key.kind == RootKind::system) {
            if (reader.boolean(key.name) == false)
                reader.complain(key.name, "'system' can only be true", "remove it for another root");
            continue;
        }
        const std::string value = reader.string(key.name).value_or("");
        if (value.empty())
            reader.complain(key.name, fmt::format("'{}' is empty", key.name));
        if (key.kind == RootKind::debian) {
            root.suite = value;
            recipe.places["suite"] = source.place(reader.where(key.name));
        } else {
            root.path = beside(recipe, value);
        }
    }
    if (!root.suite.empty() && !is_suite_name(root.suite))
        reader.complain("debian", fmt::format("\"{}\" is not a Debian suite", root.suite),
                        "write it as in the apt sources: \"bookworm\"");
    if (const auto format = reader.one_of("format", layer_format_names))
        recipe.layer_format = static_cast<LayerFormat>(*format);
    if (kinds != 1 && (kinds != 0 || !reader.has("format")))
        source.complain(table.source(),
                        "[root] must have exactly one of 'directory', 'tar', 'system', 'squashfs', 'iso', "
                        "'debian' and 'oci'");
    const bool walked = root.kind == RootKind::directory || root.kind == RootKind::system;
    root.directories = reader.strings("directories");
    if (reader.has("directories") && root.kind != RootKind::system)
        reader.complain("directories", "'directories' belongs to 'system'", "use 'exclude' instead");
    for (const std::string& name : root.directories)
        if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..")
            reader.complain("directories", fmt::format("\"{}\" is not the name of a directory in /", name));
    root.images = reader.strings("images");
    if (reader.has("images") && root.kind != RootKind::iso && root.kind != RootKind::oci)
        reader.complain("images", "'images' belongs to 'iso' and 'oci'");
    for (const std::string& path : root.images)
        if (!is_path(path) && root.kind != RootKind::oci)
            reader.complain("images", fmt::format("\"{}\" is not an absolute path", path),
                            "write it as on the ISO: \"/live/filesystem.squashfs\"");
    root.one_file_system = reader.boolean("one_file_system").value_or(root.kind == RootKind::system);
    root.allow_unreadable = reader.boolean("allow_unreadable").value_or(false);
    for (const char* key : {"one_file_system", "allow_unreadable"})
        if (reader.has(key) && !walked)
            reader.complain(key, fmt::format("'{}' belongs to 'directory' and 'system'", key));
    if (const auto report = reader.one_of("report", report_names))
        root.report = static_cast<Report>(*report);
    read_exclude(source, reader, recipe);
    reader.finish();
}

void read_kernel(TomlSource& source, const toml::table& table, Recipe& recipe) {
    TableReader reader(source, table, "[kernel]");
    for (const Arch arch : all_arches)
        recipe.kernels[static_cast<std::size_t>(arch)] = reader.string(name(arch)).value_or("");
    read_kernel_exclude(source, reader, recipe);
    for (const char* key : {"x86_64", "aarch64", "version", "image", "modules"})
        if (reader.has(key))
            recipe.places[fmt::format("kernel.{}", key)] = source.place(reader.where(key));
    recipe.command_line = reader.string("command_line").value_or("");
    check_boot_text(reader, "command_line", recipe.command_line);
    if (recipe.command_line.find("console=") != std::string::npos)
        reader.complain("command_line", "'command_line' names a console",
                        "remove console=: lktest adds serial port and display for each architecture");
    recipe.kernel_version = reader.string("version").value_or("");
    recipe.kernel_image = beside(recipe, reader.string("image").value_or(""));
    recipe.kernel_modules = beside(recipe, reader.string("modules").value_or(""));
    if (reader.has("version") && recipe.root.kind == RootKind::packages)
        reader.complain("version", "'version' chooses among the kernels of a [root]",
                        "name the package in x86_64 or aarch64");
    if (reader.has("version") && reader.has("image"))
        reader.complain("version", "'version' and 'image' each choose a kernel", "remove one of them");
    if (reader.has("modules") && !reader.has("image"))
        reader.complain("modules", "'modules' belongs to 'image'");
    const bool named = std::ranges::any_of(all_arches, [&](Arch arch) { return reader.has(name(arch)); });
    if (!named && !reader.has("image") && recipe.root.kind == RootKind::packages)
        source.complain(table.source(), "[kernel] does not name a kernel package",
                        "add x86_64 = \"linux-image-amd64\" or aarch64 = \"linux-image-arm64\"");
    reader.finish();
}

void read_signing(TableReader& reader, Recipe& recipe) {
    Signing signing{beside(recipe, reader.string("key").value_or("")),
                    beside(recipe, reader.string("certificate").value_or("")),
                    reader.boolean("shim").value_or(false)};
    const bool own = recipe.loader == Loader::systemd_boot || recipe.loader == Loader::uki;
    for (const char* key : {"key", "certificate", "shim"}) {
        if (!reader.has(key))
            continue;
        if (!own)
            reader.complain(key, fmt::format("'{}' belongs to loader = \"systemd-boot\" and \"uki\"", key),
                            "Debian signed the loaders of \"signed\" itself");
        else if (signing.key.empty() || signing.certificate.empty())
            reader.complain(key, "signing needs both 'key' and 'certificate'",
                            "name both files: key = \"mok.key\", certificate = \"mok.pem\"");
    }
    if (own && !signing.key.empty() && !signing.certificate.empty())
        recipe.signing = std::move(signing);
}

void read_boot(TomlSource& source, const toml::table& table, Recipe& recipe) {
    TableReader reader(source, table, "[boot]");
    if (const auto loader = reader.one_of("loader", loader_names))
        recipe.loader = static_cast<Loader>(*loader);
    recipe.loader_iso = beside(recipe, reader.string("iso").value_or(""));
    if (reader.has("iso") && recipe.loader != Loader::vendor)
        reader.complain("iso", "'iso' belongs to loader = \"vendor\"");
    read_signing(reader, recipe);
    reader.finish();
}

void read_squashfs(TomlSource& source, const toml::table& table, Recipe& recipe) {
    std::array<std::string_view, compressors.size()> names;
    std::ranges::transform(compressors, names.begin(), &CompressorFacts::name);
    TableReader reader(source, table, "[squashfs]");
    if (const auto chosen = reader.one_of("compressor", names))
        recipe.compression.compressor = compressors[*chosen].compressor;
    const CompressorFacts& chosen = facts(recipe.compression.compressor);
    if (chosen.most > 0)
        recipe.compression.level = static_cast<unsigned>(reader.integer("level", 1, chosen.most).value_or(0));
    else if (reader.integer("level", 0, 1 << 30))
        reader.complain("level", fmt::format("{} has no levels", chosen.name), "remove 'level'");
    if (const auto block = reader.size("block")) {
        // SquashFS 4.0: block sizes are powers of two from 4 KiB to 1 MiB.
        if (*block < 4096 || *block > (1 << 20) || !std::has_single_bit(*block))
            reader.complain("block", "'block' must be a power of two from 4K to 1M");
        else
            recipe.compression.block_size = static_cast<std::uint32_t>(*block);
    }
    reader.finish();
}

void read_erofs(TomlSource& source, const toml::table& table, Recipe& recipe) {
    constexpr std::array<std::string_view, 6> names{"lz4hc", "lz4", "zstd", "lzma", "deflate", "none"};
    TableReader reader(source, table, "[erofs]");
    const std::size_t chosen = reader.one_of("compressor", names).value_or(0);
    recipe.erofs_compression = names[chosen];
    if (const auto level = reader.integer("level", 1, 22); level && names[chosen] != "none")
        recipe.erofs_compression += fmt::format(",{}", *level);
    if (recipe.layer_format != LayerFormat::erofs)
        source.complain(table.source(), "[erofs] belongs to format = \"erofs\" in [root]");
    reader.finish();
}

void read_links(TomlSource& source, const toml::table& table, Recipe& recipe) {
    TableReader reader(source, table, "[links]");
    for (const auto& [target, value] : table) {
        std::vector<std::string> names = reader.strings(target.str());
        for (const std::string& link : names)
            if (!is_path(link))
                source.complain(value.source(), fmt::format("\"{}\" is not an absolute path", link));
        recipe.links.emplace_back(target.str(), std::move(names));
    }
}

ExtraFile read_file_entry(TomlSource& source, const toml::table& table) {
    TableReader reader(source, table, "[[file]]");
    ExtraFile file;
    file.path = reader.required_string("path");
    if (reader.has("path") && !is_path(file.path))
        reader.complain("path", fmt::format("\"{}\" is not an absolute path", file.path));
    file.content = reader.string("content").value_or("");
    file.symlink = reader.string("symlink").value_or("");
    file.directory = reader.boolean("directory").value_or(false);
    const int kinds = int{reader.has("content")} + int{reader.has("symlink")} + int{reader.has("directory")};
    if (kinds != 1)
        source.complain(table.source(),
                        "[[file]] must have exactly one of 'content', 'symlink' and 'directory'");
    file.mode =
        static_cast<unsigned>(reader.integer("mode", 0, 07777).value_or(file.directory ? 0755 : 0644));
    if (reader.has("mode") && reader.has("symlink"))
        reader.complain("mode", "a symlink has no mode");
    reader.finish();
    return file;
}

void read_files(TomlSource& source, TableReader& top, Recipe& recipe) {
    std::set<std::string, std::less<>> seen;
    for (const toml::table* table : top.tables("file")) {
        ExtraFile file = read_file_entry(source, *table);
        if (!file.path.empty() && !seen.insert(file.path).second)
            source.complain(table->source(), fmt::format("a second [[file]] for {}", file.path));
        recipe.files.push_back(std::move(file));
    }
}

void read_menu(TomlSource& source, TableReader& top, Recipe& recipe) {
    recipe.menu_timeout = static_cast<unsigned>(top.integer("menu_timeout", 1, 600).value_or(3));
    for (const toml::table* table : top.tables("menu")) {
        TableReader reader(source, *table, "[[menu]]");
        MenuEntry entry{reader.required_string("title"), reader.string("append").value_or("")};
        check_boot_text(reader, "title", entry.title);
        check_boot_text(reader, "append", entry.append);
        reader.finish();
        recipe.menu.push_back(std::move(entry));
    }
    if (recipe.menu.empty() && !top.has("menu"))
        top.complain("menu", "the recipe has no [[menu]] entry", "add [[menu]] with title = \"…\"");
}

}  // namespace

std::string_view name(Compressor compressor) {
    return facts(compressor).name;
}

std::vector<std::string> NamesPerArch::of(Arch arch) const {
    std::vector<std::string> names = common;
    const std::vector<std::string>& more = own[static_cast<std::size_t>(arch)];
    names.insert(names.end(), more.begin(), more.end());
    return names;
}

Recipe read_recipe(const std::filesystem::path& file) {
    Recipe recipe;
    recipe.file = file;
    recipe.name = file.stem();
    TomlSource source{file.string(), read_file(file), {}};
    recipe.text = source.text;
    const toml::table table = parse_toml(source);
    throw_problems(source.problems, source.text);

    TableReader top(source, table, "");
    recipe.about = top.required_string("about");
    check_boot_text(top, "about", recipe.about);  // the menu's title
    read_volume_label(top, recipe);
    recipe.splash = beside(recipe, top.string("splash").value_or(""));
    recipe.table = static_cast<PartitionTable>(top.one_of("partition_table", partition_tables).value_or(0));
    if (const toml::table* root = top.table("root"))
        read_root(source, *root, recipe);
    if (const toml::table* packages = top.table("packages")) {
        const bool debian = recipe.root.kind == RootKind::debian;
        if (recipe.root.kind != RootKind::packages && !debian)
            top.complain("packages", "[packages] and [root] each make a root filesystem",
                         "remove one of them");
        TableReader reader(source, *packages, "[packages]");
        recipe.packages = read_names(source, reader, "common", recipe);
        recipe.without = reader.strings("without");
        recipe.suite = reader.string("suite").value_or("");
        if (reader.has("suite")) {
            recipe.places["suite"] = source.place(reader.where("suite"));
            if (!is_suite_name(recipe.suite))
                reader.complain("suite", fmt::format("\"{}\" is not a Debian suite", recipe.suite),
                                "write it as the archive does: \"trixie\"");
            if (debian)
                reader.complain("suite", "'suite' and 'debian' each name a suite", "remove 'suite'");
        }
        if (reader.has("without") && debian)
            reader.complain("without", "'without' is for packages that are only unpacked",
                            "omit files with 'exclude'");
        read_exclude(source, reader, recipe);
        reader.finish();
    }
    if (const toml::table* kernel = top.table("kernel"))
        read_kernel(source, *kernel, recipe);
    else if (!top.has("kernel") && recipe.root.kind == RootKind::packages)
        top.complain("kernel", "the recipe has no [kernel]",
                     "add [kernel] with x86_64 = \"linux-image-amd64\"");
    if (const toml::table* initramfs = top.table("initramfs")) {
        TableReader reader(source, *initramfs, "[initramfs]");
        recipe.modules = read_names(source, reader, "modules", recipe);
        reader.finish();
    }
    if (const toml::table* boot = top.table("boot"))
        read_boot(source, *boot, recipe);
    if (const toml::table* squashfs = top.table("squashfs"))
        read_squashfs(source, *squashfs, recipe);
    if (const toml::table* erofs = top.table("erofs"))
        read_erofs(source, *erofs, recipe);
    if (const toml::table* links = top.table("links"))
        read_links(source, *links, recipe);
    read_files(source, top, recipe);
    read_menu(source, top, recipe);
    top.finish();
    throw_problems(source.problems, source.text);
    return recipe;
}

}  // namespace lktest
