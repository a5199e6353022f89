// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "builder/inspect/medium_facts.hpp"

namespace lktest {

/// What starts after one another under Secure Boot: firmware starts the loader; if that is shim, it starts
/// the second loader. Points into the facts.
struct SecureChain {
    const EfiProgram* loader = nullptr;
    const EfiProgram* second = nullptr;       ///< of shim: GRUB, beside it; null if there is none
    const EfiProgram* mok_manager = nullptr;  ///< of shim: the program with which users enrol keys
    std::vector<const KernelFacts*> kernels;  ///< those that the loader's menus start
};

/// One for each /EFI/BOOT/BOOT*.EFI of an ESP that is a PE image.
std::vector<SecureChain> secure_chains(const MediumFacts& facts);

/// Whether shim starts this program: its signer is one that shim carries, or that firmware's db holds.
bool starts(const EfiProgram& shim, const SecureBootFacts& program);

/// Whether PCs of one kind boot a medium with Secure Boot on.
struct SecureVerdict {
    std::string loader;   ///< "/EFI/BOOT/BOOTX64.EFI"
    std::string machine;  ///< "x86_64"
    std::string id;       ///< "2011", "2023", "both", "revocations"
    std::string pc;       ///< "PCs with Microsoft's keys of 2011 only"
    std::string refused;  ///< why they refuse it; empty if they boot it
};

/// For each chain: PCs that hold one generation of Microsoft's CA, or both, and those that hold both and have
/// seen the newest revocations.
std::vector<SecureVerdict> secure_verdicts(const MediumFacts& facts);

}  // namespace lktest
