// SPDX-License-Identifier: MIT
#include "builder/initramfs/modules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "builder/base/error.hpp"
#include "builder/base/problem.hpp"

namespace lktest {
namespace {

/// Modules that need an algorithm by name when they start, which neither modules.dep nor
/// modules.softdep lists. Without it crc64_rocksoft fails to load, then t10-pi, then
/// sd_mod and nvme: disks in the kernel's log, but no block devices.
constexpr std::array<std::pair<std::string_view, std::string_view>, 1> asks_for{
    {{"crc64_rocksoft", "crypto-crc64-rocksoft"}}};

struct Needed {
    std::string_view module, option;
};
constexpr std::array indispensable{
    Needed{"loop", "CONFIG_BLK_DEV_LOOP"},       Needed{"squashfs", "CONFIG_SQUASHFS"},
    Needed{"overlay", "CONFIG_OVERLAY_FS"},      Needed{"isofs", "CONFIG_ISO9660_FS"},
    Needed{"sr_mod", "CONFIG_BLK_DEV_SR"},       Needed{"sd_mod", "CONFIG_BLK_DEV_SD"},
    Needed{"usb_storage", "CONFIG_USB_STORAGE"},
};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(separators), text.size());
        if (end > 0)
            parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::string canonical(std::string_view name) {
    std::string text(name);
    std::ranges::replace(text, '-', '_');
    return text;
}

/// "kernel/drivers/scsi/sd_mod.ko" is "sd_mod", also with a compression suffix.
std::string module_name(std::string_view path) {
    path.remove_prefix(path.rfind('/') + 1);
    return canonical(path.substr(0, path.find(".ko")));
}

/// The contents of the index, by module name.
class Catalogue {
public:
    explicit Catalogue(const ModuleIndex& index)
        : kernel_(index.release.empty() ? "the kernel" : "the kernel " + index.release) {
        for (const std::string_view line : split(index.dep, "\n")) {
            const std::size_t colon = line.find(':');
            if (colon == std::string_view::npos)
                continue;
            Module& module = modules_[module_name(line.substr(0, colon))];
            module.path = line.substr(0, colon);
            for (const std::string_view needed : split(line.substr(colon + 1), " "))
                module.needs.push_back(module_name(needed));
        }
        for (const std::string_view path : split(index.builtin, "\n")) {
            builtin_.insert(module_name(path));
            builtin_paths_.push_back(path);
        }
        // A kernel without modules has no modules.builtin.
        for (const std::string_view line : split(index.config, "\n"))
            for (const Needed& need : indispensable)
                if (line.starts_with(need.option) && line.substr(need.option.size()) == "=y")
                    builtin_.emplace(need.module);
        for (const std::string_view line : split(index.alias, "\n"))
            if (const auto words = split(line, " "); words.size() == 3 && words[0] == "alias")
                aliases_.emplace(canonical(words[1]), canonical(words[2]));
        for (const std::string_view line : split(index.softdep, "\n"))
            if (const auto words = split(line, " "); words.size() > 2 && words[0] == "softdep")
                for (const std::string_view word : std::vector(words.begin() + 2, words.end()))
                    if (word != "pre:" && word != "post:")
                        add_soft(canonical(words[1]), word);
        for (const auto& [module, algorithm] : asks_for)
            add_soft(std::string(module), algorithm);
    }

    /// The names that a recipe's word means; empty if everything is built in.
    std::vector<std::string> expand(std::string word) const {
        const bool optional = word.ends_with('?');
        if (optional)
            word.pop_back();
        if (optional && !has(word))
            return {};
        return word.find('/') == std::string::npos ? expand_name(word) : expand_directory(word);
    }

    /// Whether a module, or one in a directory, exists or is built in.
    bool has(const std::string& word) const {
        const std::string prefix = "kernel/" + word + "/";
        const auto inside = [&](std::string_view path) { return path.starts_with(prefix); };
        return modules_.contains(canonical(word)) || builtin_.contains(canonical(word)) ||
               std::ranges::any_of(builtin_paths_, inside) ||
               std::ranges::any_of(modules_, [&](const auto& entry) { return inside(entry.second.path); });
    }

    /// Adds a module's path after the paths of its dependencies.
    void collect(const std::string& name, std::set<std::string>& seen,
                 std::vector<std::string>& paths) const {
        const auto module = modules_.find(name);
        if (module == modules_.end() || !seen.insert(name).second)
            return;
        for (const std::string& needed : module->second.needs)
            collect(needed, seen, paths);
        paths.emplace_back(module->second.path);
    }

private:
    struct Module {
        std::string_view path;
        std::vector<std::string> needs;
    };

    /// A soft dependency is a module's name, or an alias that several modules may have.
    void add_soft(const std::string& from, std::string_view to) {
        const auto module = modules_.find(from);
        if (module == modules_.end())
            return;
        const std::string name = canonical(to);
        if (modules_.contains(name))
            module->second.needs.push_back(name);
        const auto [first, last] = aliases_.equal_range(name);
        for (auto alias = first; alias != last; ++alias)
            module->second.needs.push_back(alias->second);
    }

    std::vector<std::string> expand_name(const std::string& word) const {
        const std::string name = canonical(word);
        if (modules_.contains(name))
            return {name};
        if (builtin_.contains(name))
            return {};
        std::vector<std::string_view> known(builtin_.begin(), builtin_.end());
        known.reserve(builtin_.size() + modules_.size());
        for (const auto& entry : modules_)
            known.push_back(entry.first);
        throw not_found(fmt::format("{} has no module '{}'", kernel_, word), word, known);
    }

    std::vector<std::string> expand_directory(const std::string& word) const {
        const std::string prefix = "kernel/" + word + "/";
        std::vector<std::string> names;
        std::set<std::string_view> directories;
        for (const auto& [name, module] : modules_) {
            if (module.path.starts_with(prefix))
                names.push_back(name);
            directories.insert(module.path.substr(0, module.path.rfind('/')));
        }
        const bool all_builtin = std::ranges::any_of(
            builtin_paths_, [&](std::string_view path) { return path.starts_with(prefix); });
        if (!names.empty() || all_builtin)
            return names;
        std::vector<std::string_view> known;
        known.reserve(directories.size());
        for (const std::string_view directory : directories)
            known.push_back(directory.substr(std::min(std::string_view("kernel/").size(), directory.size())));
        throw not_found(fmt::format("{} has no modules in '{}'", kernel_, word), word, known);
    }

    static NoSuchModule not_found(const std::string& what, const std::string& word,
                                  const std::vector<std::string_view>& known) {
        const std::string_view nearest =
            nearest_name(word.find('/') == std::string::npos ? canonical(word) : word, known);
        return {what,
                nearest.empty()
                    ? fmt::format("correct it, or write \"{}?\" to omit it where it is missing", word)
                    : fmt::format("did you mean '{}'?", nearest),
                word};
    }

    std::string kernel_;
    std::map<std::string, Module, std::less<>> modules_;
    std::multimap<std::string, std::string> aliases_;
    std::set<std::string, std::less<>> builtin_;
    std::vector<std::string_view> builtin_paths_;
};

/// The lines of an index file whose module is in the set.
template <typename Subject>
std::string lines_about(std::string_view text, const std::set<std::string>& names, Subject subject) {
    std::string kept;
    for (const std::string_view line : split(text, "\n"))
        if (!line.starts_with('#') && names.contains(subject(line)))
            kept.append(line).push_back('\n');
    return kept;
}

}  // namespace

ModuleSet choose_modules(const ModuleIndex& index, const std::vector<std::string>& wanted) {
    const Catalogue catalogue(index);
    ModuleSet chosen;
    std::set<std::string> names;
    for (const std::string& word : wanted)
        for (const std::string& name : catalogue.expand(word))
            catalogue.collect(name, names, chosen.paths);

    const auto word = [](std::size_t number) {
        return [number](std::string_view line) {
            const auto words = split(line, " ");
            return words.size() > number ? canonical(words[number]) : std::string();
        };
    };
    chosen.dep = lines_about(
        index.dep, names, [](std::string_view line) { return module_name(line.substr(0, line.find(':'))); });
    chosen.softdep = lines_about(index.softdep, names, word(1));
    chosen.alias = lines_about(index.alias, names, word(2));
    return chosen;
}

std::vector<std::string> needed_modules() {
    std::vector<std::string> modules;
    for (const Needed& need : indispensable)
        modules.emplace_back(need.module);
    return modules;
}

void check_needed(const ModuleIndex& index) {
    const Catalogue catalogue(index);
    std::string missing;
    for (const Needed& need : indispensable)
        if (!catalogue.has(std::string(need.module)))
            missing += fmt::format("{}{} ({})", missing.empty() ? "" : ", ", need.module, need.option);
    if (!missing.empty())
        throw usage_error(
            fmt::format("the kernel {} has neither built in nor as a module: {}", index.release, missing),
            index.dep.empty()
                ? "if it has modules, set 'modules' in [kernel] to their directory; otherwise choose another"
                : "choose another in [kernel]: version = \"...\", image = \"...\", or a package");
}

}  // namespace lktest
