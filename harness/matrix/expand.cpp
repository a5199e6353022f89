// SPDX-License-Identifier: MIT
#include "harness/matrix/expand.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "builder/base/error.hpp"
#include "harness/matrix/plain_name.hpp"

namespace lktest {
namespace {

template <typename T>
bool holds(const std::vector<T>& list, const T& value) {
    return std::ranges::find(list, value) != list.end();
}

/// The values that are in both lists; an empty list means all.
template <typename T>
std::vector<T> meet(std::span<const T> all, const std::vector<T>& one, const std::vector<T>& other) {
    std::vector<T> both;
    for (const T& value : all)
        if ((one.empty() || holds(one, value)) && (other.empty() || holds(other, value)))
            both.push_back(value);
    return both;
}

template <typename T>
std::string names(const std::vector<T>& values, std::string_view separator = ", ") {
    std::vector<std::string_view> words;
    words.reserve(values.size());
    for (const T& value : values)
        words.push_back(name(value));
    return fmt::format("{}", fmt::join(words, separator));
}

template <typename T>
void describe(std::vector<std::string>& filters, std::string_view option, const std::vector<T>& values) {
    for (const T& value : values)
        filters.push_back(fmt::format("{} {}", option, name(value)));
}

/// The user's selection: "--arch aarch64 --firmware bios".
std::string filters(const Axes& axes) {
    std::vector<std::string> words;
    describe(words, "--arch", axes.arches);
    describe(words, "--firmware", axes.firmwares);
    describe(words, "--medium", axes.media);
    describe(words, "--machine", axes.hardware.chipsets);
    describe(words, "--tables", axes.hardware.tables);
    describe(words, "--card", axes.hardware.cards);
    for (const std::string& model : axes.hardware.cpu_models)
        words.push_back("--cpu " + model);
    describe(words, "--trust", axes.hardware.trusts);
    for (const std::string& level : axes.hardware.sbats)
        words.push_back("--sbat " + level);
    return fmt::format("{}", fmt::join(words, " "));
}

/// Throws if a requested value has no effect.
void check_arches(const Axes& axes) {
    if (axes.arches.empty())
        return;
    for (const ImageChoice& choice : axes.images)
        if (meet<Arch>(all_arches, choice.arches, axes.arches).empty())
            throw usage_error(fmt::format("{} is for {}, not {}", choice.image.path.string(),
                                          names(choice.arches, " and "), names(axes.arches, " or ")),
                              fmt::format("use --arch {}, or an ISO for {}", name(choice.arches.front()),
                                          name(axes.arches.front())));
    for (const Arch arch : axes.arches)
        if (std::ranges::none_of(axes.images, [arch](const ImageChoice& choice) {
                return choice.arches.empty() || holds(choice.arches, arch);
            })) {
            const ImageChoice& choice = axes.images.front();
            throw usage_error(fmt::format("{} is for {}, not {}", choice.image.path.string(),
                                          names(choice.arches, " and "), name(arch)),
                              fmt::format("add an ISO for {}, or omit --arch {}", name(arch), name(arch)));
        }
}

/// The machines without duplicates under different names.
struct Machines {
    std::vector<PlannedCell> cells;
    std::set<BootCell> known;

    void add(BootCell cell) {
        const auto [added, is_new] = known.insert(canonical(std::move(cell)));
        if (is_new)
            cells.push_back({*added, inapplicable(*added)});
    }
};

/// The first medium of the image that the firmware boots from.
Medium usual_medium(const ImageChoice& choice, Arch arch, Firmware firmware) {
    const auto boots = [&](Medium medium) { return !inapplicable(BootCell{"", {}, arch, firmware, medium}); };
    const auto found = std::ranges::find_if(choice.media, boots);
    return found == choice.media.end() ? choice.media.front() : *found;
}

/// Unset if the selected firmware does not suit the variant.
std::optional<Firmware> firmware_of_variant(const std::vector<Firmware>& selected, bool secure_boot) {
    if (!secure_boot && holds(selected, Firmware::uefi))
        return Firmware::uefi;
    const auto suits = [=](Firmware firmware) { return !secure_boot || row_of(firmware).secure_boot; };
    const auto found = std::ranges::find_if(selected, suits);
    return found == selected.end() ? std::nullopt : std::optional(*found);
}

/// Files of the same name would make cells of the same name.
void check_levels(const std::vector<std::string>& sbats) {
    for (std::size_t i = 0; i < sbats.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (sbats[i] != sbats[j] && plain_stem(sbats[i]) == plain_stem(sbats[j]))
                throw usage_error(
                    fmt::format("the SBAT levels {} and {} have the same name", sbats[j], sbats[i]),
                    "rename one of the files");
}

/// The cells of one scenario.
std::vector<PlannedCell> expand(const Axes& axes, const ScenarioChoice& scenario) {
    const bool named = !axes.firmwares.empty() || !scenario.firmwares.empty();
    auto firmwares = meet<Firmware>(all_firmwares, axes.firmwares, scenario.firmwares);
    if (!named)
        std::erase_if(firmwares, [](Firmware firmware) { return !row_of(firmware).by_default; });
    const HardwareAxes hardware_axes = or_else(axes.hardware, scenario.hardware);
    check_levels(hardware_axes.sbats);
    const std::vector<Hardware> machines = combine(hardware_axes);
    const auto asked = meet<Medium>(all_media, axes.media, scenario.media);
    const bool any_asked = !axes.media.empty() || !scenario.media.empty();
    Machines met;
    for (const ImageChoice& choice : axes.images) {
        if (!choice.scenarios.empty() && !holds(choice.scenarios, scenario.name))
            continue;
        if (!any_asked && choice.on_request)
            continue;
        const std::vector<Medium> fitting = meet<Medium>(asked, choice.media, {});
        for (const Arch arch : meet<Arch>(all_arches, axes.arches, scenario.arches)) {
            if (!choice.arches.empty() && !holds(choice.arches, arch))
                continue;
            for (const Firmware firmware : firmwares) {
                const auto media = any_asked ? fitting : std::vector{usual_medium(choice, arch, firmware)};
                for (const Medium medium : media)
                    for (const Hardware& hardware : machines)
                        met.add({scenario.name, choice.image, arch, firmware, medium, hardware});
            }
            if (!choice.on_request)
                for (const auto& [hardware, secure_boot] : axes.variants)
                    if (const auto firmware = firmware_of_variant(firmwares, secure_boot))
                        met.add(
                            {scenario.name, choice.image, arch, *firmware, choice.media.front(), hardware});
        }
    }
    return std::move(met.cells);
}

/// "aarch64, uefi", the limits of a scenario; empty without limits.
std::string limits(const ScenarioChoice& scenario) {
    std::vector<std::string> words;
    for (const std::string& list : {names(scenario.arches), names(scenario.firmwares), names(scenario.media)})
        if (!list.empty())
            words.push_back(list);
    return fmt::format("{}", fmt::join(words, ", "));
}

[[noreturn]] void throw_no_cell(const Axes& axes, const ScenarioChoice& scenario) {
    const std::string limited = limits(scenario), asked = filters(axes);
    std::string message = limited.empty()
                              ? fmt::format("scenario '{}' leaves no cell to boot", scenario.name)
                              : fmt::format("scenario '{}' supports only {}", scenario.name, limited);
    if (!asked.empty())
        message += fmt::format("{} the command line selects {}", limited.empty() ? ":" : ", but", asked);
    for (const ImageChoice& choice : axes.images) {
        // An architecture that the user asked for was added to those of the image.
        std::vector<Arch> other = choice.arches;
        std::erase_if(other, [&](Arch arch) { return holds(axes.arches, arch); });
        if (!other.empty())
            message +=
                fmt::format("; {} is for {}", choice.image.path.filename().string(), names(other, " and "));
    }
    throw usage_error(message, asked.empty() ? "use another scenario or image"
                                             : "omit one of these options, or use another scenario or image");
}

void check_distinct(const std::vector<ScenarioChoice>& scenarios) {
    for (std::size_t i = 0; i < scenarios.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (scenarios[i].name == scenarios[j].name)
                throw usage_error(fmt::format("two scenarios are named '{}'", scenarios[i].name),
                                  "rename one of the files");
}

}  // namespace

std::vector<PlannedCell> expand(const Axes& axes) {
    if (axes.images.empty() || axes.scenarios.empty())
        throw usage_error("there is nothing to boot", "give an --iso and a --scenario");
    check_distinct(axes.scenarios);
    check_arches(axes);
    std::vector<PlannedCell> cells;
    for (const ScenarioChoice& scenario : axes.scenarios) {
        std::vector<PlannedCell> of_scenario = expand(axes, scenario);
        if (of_scenario.empty())
            throw_no_cell(axes, scenario);
        std::ranges::move(of_scenario, std::back_inserter(cells));
    }
    if (std::ranges::all_of(cells, [](const PlannedCell& cell) { return cell.not_applicable.has_value(); })) {
        const std::string asked = filters(axes);
        const bool secure = !axes.hardware.trusts.empty() || !axes.hardware.sbats.empty();
        throw usage_error(
            fmt::format("no cell is left to boot{}{}: {}", asked.empty() ? "" : " with ", asked,
                        *cells.front().not_applicable),
            secure ? "choose firmware with Secure Boot: --firmware uefi-secure" : "omit one of the filters");
    }
    return cells;
}

Image parse_image(const std::string& word) {
    const std::size_t equals = word.find('=');
    std::error_code none;
    if (equals == std::string::npos || word.find('/') < equals || std::filesystem::exists(word, none))
        return {"", word};
    Image image{word.substr(0, equals), word.substr(equals + 1)};
    const bool fits = !image.name.empty() && image.name.size() <= longest_name && image.name[0] != '.' &&
                      image.name[0] != '-' && std::ranges::all_of(image.name, is_plain);
    if (!fits || image.path.empty())
        throw usage_error(fmt::format("an image cannot be named '{}'", word),
                          fmt::format("use NAME=FILE, with a name of at most {} letters, digits and + . _ -",
                                      longest_name));
    return image;
}

std::vector<Image> name_images(std::span<const Image> given) {
    std::vector<Image> images;
    const auto taken = [&images](const std::string& wanted) {
        return std::ranges::any_of(images, [&](const Image& image) { return image.name == wanted; });
    };
    for (const auto& [name, path] : given) {
        if (std::ranges::any_of(images, [&](const Image& image) { return image.path == path; }))
            continue;
        std::string stem = name.empty() ? plain_stem(path) : name;
        if (stem.empty())
            stem = "iso";
        std::string unique = stem;
        for (int number = 2; taken(unique); ++number)
            unique = fmt::format("{}-{}", stem, number);
        images.push_back({unique, path});
    }
    return images;
}

}  // namespace lktest
