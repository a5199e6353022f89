// SPDX-License-Identifier: MIT
#include "builder/inspect/boot_paths.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "builder/inspect/findings.hpp"

namespace lktest {

std::vector<BootPath> boot_paths(const MediumFacts& facts) {
    std::vector<BootPath> paths;
    for (const ConfigFacts& config : facts.configs)
        for (const EntryFacts& entry : config.entries) {
            if (!config.judged || entry.elsewhere || is_tool(entry.said))
                continue;
            BootPath path{entry.said.title,
                          config.path + (config.in_esp ? " (ESP)" : "") +
                              (entry.said.kernel.line == 0 ? "" : fmt::format(":{}", entry.said.kernel.line)),
                          &entry, nullptr, nullptr};
            const auto kernel = std::ranges::find(facts.kernels, entry.kernel, &KernelFacts::path);
            if (kernel != facts.kernels.end() && kernel->image)
                path.kernel = &*kernel;
            std::vector<std::string> files = entry.initrds;
            std::erase(files, "");
            const auto initramfs = std::ranges::find(facts.initramfs, files, &InitramfsFacts::paths);
            if (!files.empty() && files.size() == entry.initrds.size() && initramfs != facts.initramfs.end())
                path.initramfs = &*initramfs;
            paths.push_back(std::move(path));
        }
    return paths;
}

std::string describe(const BootPath& path) {
    return path.title.empty() ? path.place : fmt::format("The entry '{}' ({})", path.title, path.place);
}

std::string path_of(const InitramfsFacts& initramfs) {
    return fmt::format("{}", fmt::join(initramfs.paths, " + "));
}

bool has_parameter(std::string_view command_line, std::string_view name) {
    return std::ranges::any_of(words_of(command_line), [name](std::string_view word) {
        return word.substr(0, word.find('=')) == name;
    });
}

}  // namespace lktest
