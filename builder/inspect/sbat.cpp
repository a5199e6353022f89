// SPDX-License-Identifier: MIT
#include "builder/inspect/sbat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "builder/base/printable.hpp"

namespace lktest {
namespace {

constexpr std::size_t most_lines = 32, longest_line = 128;

/// Component and generation of "grub.debian,5,…".
std::optional<std::pair<std::string_view, long>> component_of(std::string_view line) {
    const std::size_t comma = line.find(',');
    if (comma == std::string_view::npos)
        return std::nullopt;
    long generation = 0;
    const std::string_view number = line.substr(comma + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), generation);
    if (error != std::errc() || end == number.data())
        return std::nullopt;
    return std::pair(line.substr(0, comma), generation);
}

}  // namespace

SbatLevel parse_sbat_level(std::string_view text) {
    SbatLevel level{.date = sbat_date(text), .required = {}};
    text = text.substr(0, text.find('\0'));
    while (!text.empty() && level.required.size() < most_lines) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (!line.starts_with("sbat,") && line.find(',') != std::string_view::npos)
            level.required.emplace_back(line.substr(0, longest_line));
    }
    return level;
}

std::string sbat_date(std::string_view text) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.find('\0')));
    if (!line.starts_with("sbat,"))
        return {};
    return printable(std::string(line.substr(line.rfind(',') + 1).substr(0, longest_line)));
}

std::string sbat_day(std::string_view date) {
    constexpr std::size_t digits = 10;
    if (date.size() != digits || date.find_first_not_of("0123456789") != date.npos)
        return printable(std::string(date));
    return fmt::format("{}-{}-{}", date.substr(0, 4), date.substr(4, 2), date.substr(6, 2));
}

SbatLevel published_sbat_level() {
    return {.date = "2025051000", .required = {"shim,4", "grub,5", "grub.proxmox,2"}};
}

std::vector<std::string> revoked_components(const std::vector<std::string>& sbat,
                                            const std::vector<std::string>& required) {
    std::vector<std::string> revoked;
    for (const std::string& least : required)
        for (const std::string& line : sbat) {
            const auto wanted = component_of(least), has = component_of(line);
            if (wanted && has && has->first == wanted->first && has->second < wanted->second)
                revoked.push_back(fmt::format("{} has generation {}, and {} is required", has->first,
                                              has->second, wanted->second));
        }
    return revoked;
}

}  // namespace lktest
