// SPDX-License-Identifier: MIT
#include "builder/inspect/kernel_config.hpp"

#include <algorithm>

namespace lktest {

KernelConfig KernelConfig::parse(std::string_view text) {
    constexpr std::size_t option_limit = 20'000, name_limit = 128;
    KernelConfig config;
    while (!text.empty() && config.options_.size() < option_limit) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t equals = line.find('=');
        if (!line.starts_with("CONFIG_") || equals == std::string_view::npos || equals > name_limit)
            continue;
        const std::string_view value = line.substr(equals + 1);
        if (value.starts_with('y') || value.starts_with('m'))
            config.options_.emplace(line.substr(0, equals), value.front());
    }
    return config;
}

bool KernelConfig::built_in(std::string_view option) const {
    const auto found = options_.find(option);
    return found != options_.end() && found->second == 'y';
}

std::string embedded_config(const Stream& stream, std::uint64_t limit) {
    // Linux, kernel/configs.c: a gzip file between these two marks.
    constexpr std::string_view begin = "IKCFG_ST", end = "IKCFG_ED";
    constexpr std::size_t packed_limit = 1 << 20, text_limit = 4 << 20, piece = 1 << 20;
    std::string window, packed;
    bool inside = false;
    for (std::uint64_t done = 0; done < limit;) {
        const std::string chunk = read_some(stream, piece);
        if (chunk.empty())
            break;
        done += chunk.size();
        window += chunk;
        if (!inside) {
            const std::size_t at = window.find(begin);
            inside = at != std::string::npos && packed.empty();
            window.erase(0,
                         inside ? at + begin.size() : window.size() - std::min(window.size(), begin.size()));
        }
        if (!inside)
            continue;
        if (const std::size_t at = window.find(end); at != std::string::npos) {
            packed = window.substr(0, at);
            inside = false;
            window.clear();
        } else if (window.size() > packed_limit) {
            inside = false;
            window.clear();
        }
    }
    if (compression_of(packed) != "gzip")
        return {};
    Unpacked unpacked(ByteView::of_memory(std::move(packed)), text_limit);
    return read_some([&unpacked](std::span<char> buffer) { return unpacked.read(buffer); }, text_limit);
}

}  // namespace lktest
