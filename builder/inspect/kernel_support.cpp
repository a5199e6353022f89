// SPDX-License-Identifier: MIT
#include "builder/inspect/kernel_support.hpp"

#include <fmt/format.h>

#include <charconv>

namespace lktest {

std::pair<int, int> version_of(std::string_view release) {
    int major = 0, minor = 0;
    const auto [end, error] = std::from_chars(release.data(), release.data() + release.size(), major);
    if (error == std::errc() && end != release.data() + release.size() && *end == '.')
        std::from_chars(end + 1, release.data() + release.size(), minor);
    return {major, minor};
}

const KernelConfig* config_of(const MediumFacts& facts, const KernelImage& kernel) {
    if (kernel.config.known())
        return &kernel.config;
    const auto beside = facts.kernel_configs.find(kernel.version);
    return beside != facts.kernel_configs.end() && beside->second.known() ? &beside->second : nullptr;
}

std::string refusal(const MediumFacts& facts, const KernelImage& kernel, const KernelFeature& feature) {
    const auto version = version_of(kernel.version);
    if (version.first != 0 && version < version_of(feature.kernel))
        return fmt::format("kernel {} is older than {}, the first that supports {}", kernel.version,
                           feature.kernel, feature.name);
    const KernelConfig* config = config_of(facts, kernel);
    return config && !feature.option.empty() && !config->has(feature.option)
               ? fmt::format("kernel {} was built without {}", kernel.version, feature.option)
               : "";
}

std::string refusal_by_all(const MediumFacts& facts, const KernelFeature& feature) {
    std::string why;
    for (const KernelFacts& kernel : facts.kernels) {
        why = kernel.image ? refusal(facts, *kernel.image, feature) : "";
        if (why.empty())
            return {};
    }
    return why;
}

ModuleState module_state(const MediumFacts& facts, const BootPath& path, const std::string& module,
                         std::string_view option) {
    const InitramfsImage& image = path.initramfs->image;
    if (image.modules.contains(module))
        return ModuleState::available;
    const KernelConfig* config = path.kernel ? config_of(facts, *path.kernel->image) : nullptr;
    if (config)
        return config->built_in(option) ? ModuleState::available : ModuleState::missing;
    if (!image.has_modules)
        return ModuleState::unknown;
    return image.knows_builtin ? ModuleState::missing : ModuleState::unknown;
}

}  // namespace lktest
