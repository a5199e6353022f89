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
#include "builder/base/table.hpp"

namespace lktest {

/// The machine that QEMU emulates: i440FX, Q35, or aarch64's virt.
enum class Chipset { pc, q35, virt };

struct ChipsetRow {
    Chipset value;
    std::string_view name;
    Arch arch;
    std::string_view cd_bus;     ///< of a CD-ROM that no bus was asked for
    std::string_view quiet_bus;  ///< of a CD-ROM that the firmware does not boot from
    std::string_view buses;      ///< CD-ROM buses, each between spaces
    bool smm;                    ///< has System Management Mode
    /// Its full name, as patterns of firmware descriptors match it; empty: that of the architecture's
    /// default.
    std::string_view full_name;
};

// OVMF leaves a pc's IDE switched off when it does not boot from it. AAVMF has no AHCI driver.
inline constexpr std::array chipset_rows{
    ChipsetRow{Chipset::pc, "pc", Arch::x86_64, "ide", "sata", " ide sata scsi ", false, "pc-i440fx-7.2"},
    ChipsetRow{Chipset::q35, "q35", Arch::x86_64, "sata", "sata", " sata scsi ", true, ""},
    ChipsetRow{Chipset::virt, "virt", Arch::aarch64, "scsi", "scsi", " sata scsi ", false, ""},
};
static_assert(is_in_order(chipset_rows));
inline constexpr std::array all_chipsets = values_of(chipset_rows);
constexpr const ChipsetRow& row_of(Chipset chipset) {
    return row_at(chipset_rows, chipset);
}
constexpr std::string_view name(Chipset chipset) {
    return row_of(chipset).name;
}

/// How the firmware describes an aarch64 machine to the kernel.
enum class Tables { acpi, devicetree };
inline constexpr std::array all_tables{Tables::acpi, Tables::devicetree};
std::string_view name(Tables tables);

/// A TPM 2.0 emulated by swtpm, or none.
enum class Tpm { none, tpm2 };
inline constexpr std::array all_tpms{Tpm::none, Tpm::tpm2};
std::string_view name(Tpm tpm);

enum class Graphics { none, vga, virtio, ramfb };

struct GraphicsRow {
    Graphics value;
    std::string_view name;
    std::string_view model;  ///< libvirt's
    std::string_view word;   ///< in names of cells
};

inline constexpr std::array graphics_rows{
    GraphicsRow{Graphics::none, "none", "none", "headless"},
    GraphicsRow{Graphics::vga, "vga", "vga", "vga"},
    GraphicsRow{Graphics::virtio, "virtio-gpu", "virtio", "virtio-gpu"},
    GraphicsRow{Graphics::ramfb, "ramfb", "ramfb", "ramfb"},
};
static_assert(is_in_order(graphics_rows));
inline constexpr std::array all_graphics = values_of(graphics_rows);
constexpr const GraphicsRow& row_of(Graphics graphics) {
    return row_at(graphics_rows, graphics);
}
constexpr std::string_view name(Graphics graphics) {
    return row_of(graphics).name;
}

/// The network card.
enum class Card { virtio, e1000, e1000e, rtl8139 };

struct CardRow {
    Card value;
    std::string_view name;
    std::string_view model;  ///< libvirt's
    bool uefi_driver;        ///< UEFI has a driver, and needs no iPXE from the card
};

inline constexpr std::array card_rows{
    CardRow{Card::virtio, "virtio-net", "virtio", true},
    CardRow{Card::e1000, "e1000", "e1000", false},
    CardRow{Card::e1000e, "e1000e", "e1000e", false},
    CardRow{Card::rtl8139, "rtl8139", "rtl8139", false},
};
static_assert(is_in_order(card_rows));
inline constexpr std::array all_cards = values_of(card_rows);
constexpr const CardRow& row_of(Card card) {
    return row_at(card_rows, card);
}
constexpr std::string_view name(Card card) {
    return row_of(card).name;
}

inline constexpr Card plain_card = Card::virtio;

/// Whose loaders a machine with Secure Boot starts: the keys that db holds.
enum class Trust { package, ca2011, ca2023, both, custom };

struct TrustRow {
    Trust value;
    std::string_view name;
    bool ca2011, ca2023;  ///< generations of Microsoft's CA for other vendors' loaders
    bool packaged;  ///< the keys of the firmware's package, unless the scenario or --enroll replaces them
};

// The generations alone describe PCs: those sold before 2023, those sold without the expired CA, and updated
// ones.
inline constexpr std::array trust_rows{
    TrustRow{Trust::package, "package", false, false, true},
    TrustRow{Trust::ca2011, "2011", true, false, false},
    TrustRow{Trust::ca2023, "2023", false, true, false},
    TrustRow{Trust::both, "both", true, true, false},
    TrustRow{Trust::custom, "custom", false, false, false},
};
static_assert(is_in_order(trust_rows));
inline constexpr std::array all_trusts = values_of(trust_rows);
constexpr const TrustRow& row_of(Trust trust) {
    return row_at(trust_rows, trust);
}
constexpr std::string_view name(Trust trust) {
    return row_of(trust).name;
}

inline constexpr Trust plain_trust = Trust::package;

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
    std::optional<Trust> trust{};           ///< default: the firmware package's keys
    std::string sbat{};                     ///< see SecureKeys::sbat; default: none
    auto operator<=>(const Hardware&) const = default;
};

/// The machines of an architecture, as QEMU and its tools know them.
struct MachineRow {
    Arch value;
    std::string_view name;
    Chipset chipset;                 ///< the default
    Graphics graphics;               ///< the default
    std::string_view cpu;            ///< the default under emulation; empty: QEMU's "max"
    std::string_view tpm;            ///< the model that its firmware has a driver for
    std::string_view qemu_package;   ///< Debian's
    std::string_view gdb;            ///< gdb's name of the architecture
    std::string_view early_console;  ///< kernel parameters for output before the console's driver
};

// AAVMF, and a kernel without a driver for the device, can draw on ramfb. The early consoles are a PC's first
// port, and the PL011 of QEMU's virt machine (hw/arm/virt.c).
inline constexpr std::array machine_rows{
    MachineRow{Arch::x86_64, name(Arch::x86_64), Chipset::q35, Graphics::vga, "", "tpm-crb",
               "qemu-system-x86", "i386:x86-64", "earlyprintk=ttyS0,115200,keep ignore_loglevel"},
    MachineRow{Arch::aarch64, name(Arch::aarch64), Chipset::virt, Graphics::ramfb, "cortex-a72", "tpm-tis",
               "qemu-system-arm", "aarch64", "earlycon=pl011,0x9000000 keep_bootcon ignore_loglevel"},
};
static_assert(is_in_order(machine_rows));
constexpr const MachineRow& machine_of(Arch arch) {
    return row_at(machine_rows, arch);
}
constexpr Chipset plain_chipset(Arch arch) {
    return machine_of(arch).chipset;
}
constexpr Graphics plain_graphics(Arch arch) {
    return machine_of(arch).graphics;
}

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
    std::vector<Trust> trusts{};
    std::vector<std::string> sbats{};  ///< see Hardware::sbat
};

/// `asked`, with empty axes taken from `fallback`.
HardwareAxes or_else(HardwareAxes asked, const HardwareAxes& fallback);

/// Every combination, in a fixed order; at least the default hardware.
std::vector<Hardware> combine(const HardwareAxes& axes);

}  // namespace lktest
