// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/platform.hpp"

namespace lktest {

/// The machine that QEMU emulates: i440FX, Q35, or aarch64's virt.
enum class Chipset { pc, q35, virt };
inline constexpr std::array all_chipsets{Chipset::pc, Chipset::q35, Chipset::virt};
std::string_view name(Chipset chipset);

/// How the firmware describes an aarch64 machine to the kernel.
enum class Tables { acpi, devicetree };
inline constexpr std::array all_tables{Tables::acpi, Tables::devicetree};
std::string_view name(Tables tables);

/// A TPM 2.0 emulated by swtpm, or none.
enum class Tpm { none, tpm2 };
inline constexpr std::array all_tpms{Tpm::none, Tpm::tpm2};
std::string_view name(Tpm tpm);

enum class Graphics { none, vga, virtio, ramfb };
inline constexpr std::array all_graphics{Graphics::none, Graphics::vga, Graphics::virtio, Graphics::ramfb};
std::string_view name(Graphics graphics);

/// The network card.
enum class Card { virtio, e1000, e1000e, rtl8139 };
inline constexpr std::array all_cards{Card::virtio, Card::e1000, Card::e1000e, Card::rtl8139};
std::string_view name(Card card);

/// The hardware of a machine, where it differs from the default.
struct Hardware {
    std::optional<Chipset> chipset{};       ///< default: q35, virt
    std::string cpu{};                      ///< libvirt's name of a model; default: the best available
    std::optional<unsigned> cpus{};         ///< default: from the scenario
    std::optional<std::uint64_t> memory{};  ///< bytes, in whole mebibytes; default: from the scenario
    std::optional<Tables> tables{};         ///< default: ACPI
    std::optional<Tpm> tpm{};               ///< default: none
    std::optional<Graphics> graphics{};     ///< default: VGA on x86_64, ramfb on aarch64
    std::optional<Card> card{};             ///< default: virtio
    auto operator<=>(const Hardware&) const = default;
};

Chipset plain_chipset(Arch arch);
Graphics plain_graphics(Arch arch);

/// The same hardware with defaults left unset, so that one machine has one name.
Hardware without_plain(Hardware hardware, Arch arch);

/// The values that differ from the defaults: {"pc", "2cpus", "512M"}.
std::vector<std::string> words(const Hardware& hardware);

/// Why no such machine of this architecture exists; unset if one does.
std::optional<std::string> inapplicable(const Hardware& hardware, Arch arch);

/// The values to multiply. An empty list means the default value.
struct HardwareAxes {
    std::vector<Chipset> chipsets{};
    std::vector<std::string> cpu_models{};
    std::vector<unsigned> cpus{};
    std::vector<std::uint64_t> memory{};
    std::vector<Tables> tables{};
    std::vector<Tpm> tpms{};
    std::vector<Graphics> graphics{};
    std::vector<Card> cards{};
};

/// `asked`, with empty axes taken from `fallback`.
HardwareAxes or_else(HardwareAxes asked, const HardwareAxes& fallback);

/// Every combination, in a fixed order; at least the default hardware.
std::vector<Hardware> combine(const HardwareAxes& axes);

}  // namespace lktest
