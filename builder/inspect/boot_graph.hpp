// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lktest {

/// A step of the boot: firmware, an image, a program or a file. The file may be missing.
struct BootNode {
    enum class Kind {
        firmware,   ///< where a path begins
        image,      ///< an El Torito image, an EFI system partition, boot code of the first sector
        program,    ///< a boot loader
        config,     ///< a configuration that the loader reads
        entry,      ///< of its menu
        kernel,     ///< or another program that the entry starts
        initramfs,  ///< all initrd files together
        root,       ///< the live system that the initramfs looks for
    };
    Kind kind = Kind::firmware;
    std::string name;  ///< "ESP /EFI/BOOT/BOOTX64.EFI", "Live system"
    bool there = true;
    /// Its index in the list of MediumFacts for its kind: `efi` for a program, `configs` for a
    /// configuration and an entry, `kernels`, `initramfs`, `layers` for a root.
    std::optional<std::size_t> fact = {};
    std::size_t entry = 0;  ///< index in ConfigFacts::entries
};

/// Why one node leads to the next.
struct BootEdge {
    std::size_t from = 0, to = 0;
    std::string rule;  ///< "shim starts grubx64.efi next to it", "configfile"
    std::string
        source;  ///< the bytes or the line that show it: "/boot/grub/grub.cfg:12", "El Torito entry 2"
};

/// One path by which a machine can start the medium.
struct BootWay {
    enum class Firmware { bios, uefi, loop };  ///< loop: another boot manager starts it from a file
    enum class Medium { cd, disk, network };
    Firmware firmware = Firmware::bios;
    Medium medium = Medium::cd;
    std::string machine;     ///< "x86_64", "aarch64", "i386"
    std::size_t start = 0;   ///< the firmware's node
    bool followed = true;    ///< every loader on it is known; otherwise the rest is a guess
    std::string stops = {};  ///< where it ends before a menu entry: "at \"grub>\""; empty if it does not
    std::size_t last = 0;    ///< the node where it stops
    std::vector<std::string> missing = {};  ///< files whose absence stops it
    std::string looked_for = {};            ///< the last loader's search criterion
};
/// "UEFI x86_64 from a CD".
std::string name(const BootWay& way);

/// How firmware, loaders and kernels use the medium, as far as its bytes show.
struct BootGraph {
    std::vector<BootNode> nodes;
    std::vector<BootEdge> edges;
    std::vector<BootWay> ways;

    std::size_t add(BootNode node);
    /// Adds the node unless one with the same kind, name and facts exists.
    std::size_t find_or_add(const BootNode& node);
    void connect(std::size_t from, std::size_t to, std::string rule, std::string source);

    /// Every node that can be reached from this one, itself included.
    std::set<std::size_t> reached_from(std::size_t node) const;
    /// Indices in MediumFacts::configs of the configurations on some path.
    std::set<std::size_t> reached_configs() const;
};

}  // namespace lktest
