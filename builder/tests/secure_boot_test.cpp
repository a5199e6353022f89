// SPDX-License-Identifier: MIT
#include "builder/inspect/secure_boot.hpp"

#include <gtest/gtest.h>

#include "builder/inspect/secure_chain.hpp"
#include "builder/tests/support/fake_medium.hpp"

namespace lktest {
namespace {

using Strings = std::vector<std::string>;

TEST(Sbat, ComparesGenerationsOfTheSameComponent) {
    const Strings level{"shim,4", "grub,5", "grub.proxmox,2"};
    EXPECT_EQ(revoked_components({"shim,4", "grub,5", "grub.debian,1"}, level), Strings{});
    EXPECT_EQ(revoked_components({"shim,1"}, level), Strings{"shim has generation 1, and 4 is required"});
    EXPECT_EQ(revoked_components({"grub,3", "grub.proxmox,1"}, level).size(), 2U);
    EXPECT_EQ(revoked_components({"shim", "shim,", "shim,x", ",4", ""}, level), Strings{});
}

TEST(SecureBoot, NamesTheGenerationOfMicrosoftsCertificate) {
    PeSignature signature;
    signature.issuer = "Microsoft Corporation UEFI CA 2011";
    EXPECT_EQ(trust_generation(signature), "2011");
    signature.issuer = "Microsoft UEFI CA 2023";
    EXPECT_EQ(trust_generation(signature), "2023");
    signature.issuer = "Debian Secure Boot CA";
    EXPECT_EQ(trust_generation(signature), "");
    EXPECT_FALSE(is_trusted(signature, {"no certificate"}));
}

TEST(SecureBoot, ReadsNothingFromAProgramThatIsNotSigned) {
    const auto facts = read_secure_boot(ByteView::of_memory(fake_pe(0x8664, false)));
    ASSERT_TRUE(facts);
    EXPECT_TRUE(facts->signatures.empty());
    EXPECT_EQ(facts->sha256.size(), 64U);
    EXPECT_FALSE(read_secure_boot(ByteView::of_memory("MZ")));
}

TEST(SecureBoot, SurvivesDamagedSignaturesAndTables) {
    const std::string whole = fake_pe(0x8664, true, "sbat,1,x\nshim,4,y\n");
    for (std::size_t size = 0; size < whole.size(); size += 7)
        read_secure_boot(ByteView::of_memory(whole.substr(0, size)));
    std::string lists(64, '\xff');
    put(lists, 0, 40, 4);
    put(lists, 8, 16, 4);
    const auto facts = read_secure_boot(ByteView::of_memory(fake_pe_with(0x8664, ".vendor", lists)));
    ASSERT_TRUE(facts);
    EXPECT_TRUE(facts->vendor_certs.empty());
}

/// A signature by an authority with this name. Only the name is compared: the chain is empty.
PeSignature signature_of(std::string issuer) {
    PeSignature signature;
    signature.signer = "leaf";
    signature.issuer = std::move(issuer);
    return signature;
}

EfiProgram program(std::string path, std::vector<PeSignature> signatures) {
    EfiProgram made{.path = std::move(path), .in_esp = true, .image = PeImage{}, .grub = {}, .secure = {}};
    made.image->machine = 0x8664;
    made.secure = SecureBootFacts{};
    made.secure->signatures = std::move(signatures);
    return made;
}

/// The reasons for the four kinds of PCs, in the order of the table; "" is a boot.
Strings refusals(const MediumFacts& facts) {
    Strings reasons;
    for (const SecureVerdict& verdict : secure_verdicts(facts))
        reasons.push_back(verdict.refused);
    return reasons;
}

TEST(SecureChain, IsJudgedByTheGenerationOfKeys) {
    MediumFacts facts;
    const PeSignature old = signature_of("Microsoft Corporation UEFI CA 2011"),
                      young = signature_of("Microsoft UEFI CA 2023");
    facts.efi = {program("/EFI/BOOT/BOOTX64.EFI", {old, young})};
    EXPECT_EQ(refusals(facts), (Strings{"", "", "", ""}));
    facts.efi = {program("/EFI/BOOT/BOOTX64.EFI", {young})};
    EXPECT_EQ(refusals(facts),
              (Strings{"the loader is signed by 'Microsoft UEFI CA 2023' only", "", "", ""}));
    facts.efi = {program("/EFI/BOOT/BOOTX64.EFI", {})};
    EXPECT_EQ(refusals(facts), Strings(4, "the loader is not signed"));
    facts.efi = {program("/EFI/debian/grubx64.efi", {})};
    EXPECT_EQ(refusals(facts), Strings{}) << "firmware does not start it from a live medium";
}

TEST(SecureChain, GoesOnToWhatShimStarts) {
    MediumFacts facts;
    const PeSignature old = signature_of("Microsoft Corporation UEFI CA 2011");
    facts.efi = {program("/EFI/BOOT/BOOTX64.EFI", {old}), program("/EFI/BOOT/grubx64.efi", {})};
    facts.efi[0].loader = EfiProgram::Loader::shim;
    EXPECT_EQ(refusals(facts)[0], "/EFI/BOOT/grubx64.efi is not signed");
    EXPECT_EQ(refusals(facts)[1], "the loader is signed by 'Microsoft Corporation UEFI CA 2011' only");
    facts.efi[1].secure->signatures = {signature_of("Somebody's CA")};
    EXPECT_EQ(refusals(facts)[2],
              "/EFI/BOOT/grubx64.efi is signed by 'Somebody's CA', which the shim does not carry");
    facts.efi[1].secure->signatures = {old};
    facts.efi[1].image->sbat = {"sbat,1,x", "grub,3,y"};
    EXPECT_EQ(refusals(facts)[2], "");
    EXPECT_EQ(refusals(facts)[3], "/EFI/BOOT/grubx64.efi: grub has generation 3, and 5 is required");
}

}  // namespace
}  // namespace lktest
