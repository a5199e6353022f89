// SPDX-License-Identifier: MIT
#include "harness/matrix/hardware.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/secure_keys.hpp"
#include "harness/matrix/plain_name.hpp"

namespace lktest {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

/// The prefixes of aarch64 CPU models by Arm and others (qemu-system-aarch64 -cpu help).
bool is_arm_model(std::string_view model) {
    return model.starts_with("cortex-") || model.starts_with("neoverse-") || model == "a64fx";
}

/// Multiplies the machines so far with the values.
template <typename Value, typename Field>
void multiply(std::vector<Hardware>& machines, const std::vector<Value>& values, Field field) {
    if (values.empty())
        return;
    std::vector<Hardware> product;
    product.reserve(machines.size() * values.size());
    for (const Hardware& machine : machines)
        for (const Value& value : values) {
            product.push_back(machine);
            product.back().*field = value;
        }
    machines = std::move(product);
}

template <typename List>
void fill(List& asked, const List& fallback) {
    if (asked.empty())
        asked = fallback;
}

}  // namespace

std::string_view name(Tables tables) {
    constexpr std::array names{"acpi", "devicetree"};
    return names[static_cast<std::size_t>(tables)];
}

std::string_view name(Tpm tpm) {
    constexpr std::array names{"none", "tpm2"};
    return names[static_cast<std::size_t>(tpm)];
}

Hardware without_plain(Hardware hardware, Arch arch) {
    if (hardware.chipset == plain_chipset(arch))
        hardware.chipset.reset();
    if (hardware.tables == Tables::acpi)
        hardware.tables.reset();
    if (hardware.tpm == Tpm::none)
        hardware.tpm.reset();
    if (hardware.graphics == plain_graphics(arch))
        hardware.graphics.reset();
    if (hardware.card == plain_card)
        hardware.card.reset();
    if (hardware.trust == plain_trust)
        hardware.trust.reset();
    if (hardware.sbat == no_sbat)
        hardware.sbat.clear();
    return hardware;
}

std::vector<std::string> words(const Hardware& hardware) {
    std::vector<std::string> words;
    if (hardware.chipset)
        words.emplace_back(name(*hardware.chipset));
    if (!hardware.cpu.empty())
        words.push_back(hardware.cpu);
    if (hardware.cpus)
        words.push_back(fmt::format("{}{}", *hardware.cpus, *hardware.cpus == 1 ? "cpu" : "cpus"));
    if (hardware.memory)
        words.push_back(fmt::format("{}M", *hardware.memory / mebibyte));
    if (hardware.tables)
        words.emplace_back(name(*hardware.tables));
    if (hardware.tpm)
        words.emplace_back(*hardware.tpm == Tpm::none ? "no-tpm" : name(*hardware.tpm));
    if (hardware.graphics)
        words.emplace_back(row_of(*hardware.graphics).word);
    if (hardware.card)
        words.emplace_back(name(*hardware.card));
    if (hardware.trust)
        words.push_back(fmt::format("trust-{}", name(*hardware.trust)));
    if (!hardware.sbat.empty())
        words.push_back("sbat-" + plain_stem(hardware.sbat));
    return words;
}

std::optional<std::string> inapplicable(const Hardware& hardware, Arch arch) {
    if (hardware.chipset && row_of(*hardware.chipset).arch != arch)
        return fmt::format("{1} has no machine '{0}'", name(*hardware.chipset), name(arch));
    if (!hardware.cpu.empty() && hardware.cpu != "max" && is_arm_model(hardware.cpu) == is_pc(arch))
        return fmt::format("{1} has no CPU model '{0}'", hardware.cpu, name(arch));
    if (is_pc(arch) && hardware.tables == Tables::devicetree)
        return fmt::format("{} machines are described by ACPI only", name(arch));
    return std::nullopt;
}

HardwareAxes or_else(HardwareAxes asked, const HardwareAxes& fallback) {
    fill(asked.chipsets, fallback.chipsets);
    fill(asked.cpu_models, fallback.cpu_models);
    fill(asked.cpus, fallback.cpus);
    fill(asked.memory, fallback.memory);
    fill(asked.tables, fallback.tables);
    fill(asked.tpms, fallback.tpms);
    fill(asked.graphics, fallback.graphics);
    fill(asked.cards, fallback.cards);
    fill(asked.trusts, fallback.trusts);
    fill(asked.sbats, fallback.sbats);
    return asked;
}

std::vector<Hardware> combine(const HardwareAxes& axes) {
    std::vector<Hardware> machines{{}};
    multiply(machines, axes.chipsets, &Hardware::chipset);
    multiply(machines, axes.cpu_models, &Hardware::cpu);
    multiply(machines, axes.cpus, &Hardware::cpus);
    multiply(machines, axes.memory, &Hardware::memory);
    multiply(machines, axes.tables, &Hardware::tables);
    multiply(machines, axes.tpms, &Hardware::tpm);
    multiply(machines, axes.graphics, &Hardware::graphics);
    multiply(machines, axes.cards, &Hardware::card);
    multiply(machines, axes.trusts, &Hardware::trust);
    multiply(machines, axes.sbats, &Hardware::sbat);
    return machines;
}

}  // namespace lktest
