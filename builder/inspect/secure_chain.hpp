// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/inspect/medium_facts.hpp"
#include "builder/inspect/revocations.hpp"

namespace lktest {

/// What starts after one another under Secure Boot: firmware starts the loader; if that is shim, it starts
/// the second loader. Points into the facts.
struct SecureChain {
    const EfiProgram* loader = nullptr;
    const EfiProgram* second = nullptr;       ///< of shim: GRUB or what has its name; null if there is none
    const EfiProgram* mok_manager = nullptr;  ///< of shim: the program with which users enrol keys
    std::vector<const KernelFacts*> kernels;  ///< those that the loader's menus start
};

/// One for each /EFI/BOOT/BOOT*.EFI of an ESP that is a PE image.
std::vector<SecureChain> secure_chains(const MediumFacts& facts);

/// Why firmware or shim does not start a program.
struct Refusal {
    enum class Kind {
        not_signed,
        changed,  ///< after it was signed
        foreign,  ///< its signer is not one that shim carries
        in_dbx,   ///< firmware's list of revoked programs names it
        denied,   ///< shim's own list does
        no_sbat,  ///< it states no generations
        too_old,  ///< its generation is below the one that the level requires
    };
    Kind kind = Kind::not_signed;
    std::string text;  ///< "/EFI/BOOT/grubx64.efi is not signed"
};

/// Why shim refuses a program, or GRUB a kernel, which asks shim. Does not judge SBAT. Unset if it starts.
/// @param path  of the program, for the text
std::optional<Refusal> refusal_by_shim(const EfiProgram& shim, const std::string& path,
                                       const std::optional<SecureBootFacts>& program,
                                       const Revocations& revocations);

/// Why shim refuses a program of this level: itself, or the one that it starts.
std::optional<Refusal> refusal_by_sbat(const EfiProgram& program, const SbatLevel& level);

/// The level that a machine has after it started this shim: shim sets its own revocations before it starts
/// anything.
SbatLevel level_set_by(const EfiProgram& shim);

/// The newest level that is known here, or that a shim on the medium carries.
SbatLevel newest_level(const MediumFacts& facts, const Revocations& revocations);

/// Whether PCs of one kind boot a medium with Secure Boot on.
struct SecureVerdict {
    std::string loader;   ///< "/EFI/BOOT/BOOTX64.EFI"
    std::string machine;  ///< "x86_64"
    std::string id;       ///< "2011", "2023", "both", "revocations", "dbx"
    std::string pc;       ///< "PCs with Microsoft's keys of 2011 only"
    std::string refused;  ///< why they refuse it; empty if they boot it
};

/// For each chain: PCs that hold one generation of Microsoft's CA, or both; those that hold both and have
/// seen the newest revocations; and, if it is known, those that have the dbx.
std::vector<SecureVerdict> secure_verdicts(const MediumFacts& facts, const Revocations& revocations = {});

}  // namespace lktest
