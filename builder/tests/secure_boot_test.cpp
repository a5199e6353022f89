// SPDX-License-Identifier: MIT
#include "builder/inspect/secure_boot.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "builder/inspect/finding.hpp"
#include "builder/inspect/secure_chain.hpp"
#include "builder/tests/support/fake_medium.hpp"
#include "builder/tests/support/signed_pe.hpp"

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
    const std::string pe = pe_of({.sections = {{".vendor_cert", vendor_section(std::string(40, '\xff'))}}});
    const auto facts = read_secure_boot(ByteView::of_memory(pe));
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
    EfiProgram made{
        .path = std::move(path), .in_esp = true, .image = PeImage{}, .grub = {}, .secure = {}, .module = {}};
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
    facts.efi[1].secure->signatures = {signature_of("Another CA")};
    EXPECT_EQ(refusals(facts)[2],
              "/EFI/BOOT/grubx64.efi is signed by 'Another CA', which the shim does not carry");
    facts.efi[1].secure->signatures = {old};
    EXPECT_EQ(refusals(facts)[2], "/EFI/BOOT/grubx64.efi has no .sbat section");
    facts.efi[1].image->sbat = {"sbat,1", "grub,3"};
    EXPECT_EQ(refusals(facts)[2], "");
    EXPECT_EQ(refusals(facts)[3],
              "/EFI/BOOT/grubx64.efi: grub has generation 3, and 5 is required (SBAT of 2025-05-10)");
    facts.efi[0].secure->sbat_payloads = {"sbat,1,2024010900\nshim,4\ngrub,4\n"};
    EXPECT_EQ(refusals(facts)[2],
              "/EFI/BOOT/grubx64.efi: grub has generation 3, and 4 is required (SBAT of 2024-01-09)")
        << "the shim itself sets this level first";
}

TEST(SecureBoot, ReadsSignaturesOfOurOwn) {
    const TestSigner old = make_signer("Old CA", nullptr, -60), young = make_signer("Young CA");
    const TestSigner leaf = make_signer("Old leaf", &old), other = make_signer("Young leaf", &young);
    const std::string pe = pe_of({.nx_compat = true, .sections = {{".sbat", "sbat,1,x\nshim,4,y\n"}}});
    const auto facts = read_secure_boot(ByteView::of_memory(signed_pe(pe, {&leaf, &other}, &old)));
    ASSERT_TRUE(facts);
    ASSERT_EQ(facts->signatures.size(), 2U);
    EXPECT_TRUE(facts->nx_compat);
    EXPECT_EQ(facts->signatures[0].signer, "Old leaf");
    EXPECT_EQ(facts->signatures[0].issuer, "Old CA");
    EXPECT_EQ(facts->signatures[0].issuer_until.size(), 10U);
    EXPECT_LT(facts->signatures[0].valid_from, "9");
    EXPECT_EQ(facts->signatures[1].issuer_until, "") << "its authority is not in the signature";
    EXPECT_TRUE(facts->signatures[0].matches && facts->signatures[1].matches);
    EXPECT_TRUE(is_trusted(facts->signatures[1], {young.der()}));
    EXPECT_FALSE(is_trusted(facts->signatures[1], {old.der()}));
}

TEST(SecureBoot, NoticesAChangeOfTheFileAndOfTheSignature) {
    const TestSigner signer = make_signer("Signer");
    const std::string pe = pe_of({.sections = {{".text", std::string(600, 't')}}});
    const std::string whole = signed_pe(pe, {&signer});
    const auto matches = [](const std::string& bytes) {
        return read_secure_boot(ByteView::of_memory(bytes))->signatures.at(0).matches;
    };
    EXPECT_TRUE(matches(whole));
    std::string changed = whole;
    changed[1100] = 'T';
    EXPECT_FALSE(matches(changed));
    const std::size_t value = whole.find_last_not_of('\0') - 4;  // the signature's value is the last field
    std::string broken = whole;
    broken[value] = static_cast<char>(broken[value] ^ 1);
    EXPECT_FALSE(matches(broken));
}

TEST(SecureBoot, ReadsWhatAShimCarriesAndDenies) {
    const TestSigner vendor = make_signer("Vendor CA"), stolen = make_signer("Stolen key");
    const std::string hash(64, 'a');
    const std::string pe = pe_of(
        {.sections = {
             {".vendor_cert",
              vendor_section(vendor.der(), certificate_list(stolen.der()) + hash_list({hash}))},
             {".sbatlevel", sbatlevel_section("sbat,1,2024010900\nshim,4\n", "sbat,1,2025021800\ngrub,5\n")},
             {".data", std::string("\\\0g\0r\0u\0b\0.\0E\0f\0i\0\0\0", 20)}}});
    const auto shim = read_secure_boot(ByteView::of_memory(pe));
    ASSERT_TRUE(shim);
    EXPECT_EQ(shim->vendor_names, Strings{"Vendor CA"});
    EXPECT_EQ(shim->denied_certs, Strings{stolen.der()});
    EXPECT_EQ(shim->denied_hashes, Strings{hash});
    EXPECT_EQ(shim->sbat_payloads, (Strings{"sbat,1,2024010900\nshim,4\n", "sbat,1,2025021800\ngrub,5\n"}));
    EXPECT_EQ(shim->second, "grub.efi");
}

TEST(Revocations, AreReadInTheFormsThatDbxFilesHave) {
    const TestSigner stolen = make_signer("Stolen key");
    const std::string lists =
        hash_list({std::string(64, 'a'), std::string(64, 'b')}) + certificate_list(stolen.der());
    std::string update(16, 't');
    add_le(update, 24 + 9, 4);
    add_le(update, 0x0200, 2);
    add_le(update, 0x0ef1, 2);
    update += std::string(16, 'g') + "signature";
    for (const std::string& file : {lists, std::string(4, '\x27') + lists, update + lists}) {
        Revocations known;
        EXPECT_TRUE(add_dbx(known, file));
        EXPECT_EQ(known.dbx_hashes.size(), 2U);
        EXPECT_EQ(known.dbx_certificates, Strings{stolen.der()});
    }
    Revocations known;
    for (const std::string& file : {std::string(), lists.substr(1), lists + "x", std::string("a list")})
        EXPECT_FALSE(add_dbx(known, file));
    for (std::size_t size = 0; size < update.size() + 60; ++size)
        add_dbx(known, (update + lists).substr(0, size));
}

/// The ids of the findings that the medium has because of its EFI programs, in their order.
Strings secure_ids(const MediumFacts& facts, const Revocations& revocations = {}) {
    MediumFacts bare = facts;
    bare.efi.clear();
    const std::vector<IsoFinding> others = find_faults(bare);
    Strings ids;
    for (const IsoFinding& finding : find_faults(facts, revocations))
        if (std::ranges::find(others, finding.id, &IsoFinding::id) == others.end()) {
            ids.push_back(finding.id);
            EXPECT_NE(finding.fix, "");
        }
    return ids;
}

/// A medium whose shim, GRUB and MokManager are right. The names of the authorities count, not their keys.
class SecureFindings : public testing::Test {
protected:
    SecureFindings() {
        facts_.size = 1 << 20;
        const PeSignature ours = signature_of("Microsoft UEFI CA 2023"),
                          old = signature_of("Microsoft Corporation UEFI CA 2011");
        facts_.efi = {program("/EFI/BOOT/BOOTX64.EFI", {ours, old}), program("/EFI/BOOT/grubx64.efi", {ours}),
                      program("/EFI/BOOT/mmx64.efi", {ours})};
        facts_.efi[0].loader = EfiProgram::Loader::shim;
        facts_.efi[0].image->signature = true;
        facts_.efi[0].image->sbat = {"shim,4"};
        facts_.efi[1].image->sbat = {"grub,5"};
        for (EfiProgram& each : facts_.efi)
            each.secure->nx_compat = true;
    }

    SecureBootFacts& shim() { return *facts_.efi[0].secure; }
    SecureBootFacts& grub() { return *facts_.efi[1].secure; }
    MediumFacts facts_;
};

TEST_F(SecureFindings, AreNoneOnAMediumThatIsRight) {
    EXPECT_EQ(secure_ids(facts_), Strings{});
}

TEST_F(SecureFindings, NameWhatShimRefuses) {
    grub().signatures[0].matches = false;
    EXPECT_EQ(secure_ids(facts_), Strings{"signature-broken"});
    grub().signatures = {signature_of("Another CA")};
    EXPECT_EQ(secure_ids(facts_), Strings{"grub-signer"});
    grub().signatures.clear();
    EXPECT_EQ(secure_ids(facts_), Strings{"grub-unsigned"});
}

TEST_F(SecureFindings, NameGenerationsThatAreTooOld) {
    facts_.efi[1].image->sbat = {"grub,4"};
    EXPECT_EQ(secure_ids(facts_), Strings{"sbat-revoked"});
    shim().sbat_payloads = {"sbat,1,2025021800\ngrub,5\n"};
    EXPECT_EQ(secure_ids(facts_), Strings{"sbat-revoked-by-shim"});
    facts_.efi[1].image->sbat.clear();
    EXPECT_EQ(secure_ids(facts_), Strings{"sbat-missing"});
    facts_.efi[1].image->sbat = {"grub,6"};
    EXPECT_EQ(secure_ids(facts_, {.dbx_source = {},
                                  .dbx_certificates = {},
                                  .dbx_hashes = {},
                                  .levels = {{"2026090100", {"grub,7"}}},
                                  .today = {}}),
              Strings{"sbat-revoked"})
        << "an installed shim has a newer level";
    facts_.efi[1].image->sbat = {"grub,7"};
    facts_.efi[0].image->sbat.clear();
    facts_.efi[0].loader = EfiProgram::Loader::grub;
    EXPECT_EQ(secure_ids(facts_), Strings{}) << "firmware does not look at SBAT";
}

TEST_F(SecureFindings, NameWhatListsRevoke) {
    shim().sha256 = std::string(64, 'a');
    grub().sha256 = std::string(64, 'b');
    Revocations known;
    known.dbx_source = "dbx.bin";
    known.dbx_hashes = {shim().sha256};
    EXPECT_EQ(secure_ids(facts_, known), Strings{"in-dbx"});
    EXPECT_EQ(secure_verdicts(facts_, known).back().id, "dbx");
    EXPECT_EQ(secure_verdicts(facts_, known).back().refused, "dbx revokes the loader by its hash");
    EXPECT_EQ(secure_verdicts(facts_, known)[2].refused, "");
    known.dbx_hashes = {grub().sha256};
    EXPECT_EQ(secure_ids(facts_, known), Strings{"in-dbx"});
    shim().denied_hashes = {grub().sha256};
    EXPECT_EQ(secure_ids(facts_), Strings{"grub-denied-by-shim"});
}

TEST_F(SecureFindings, NoteWhatIsNotAFaultEverywhere) {
    Revocations known;
    known.today = "2026-11-30";
    for (PeSignature& signature : shim().signatures)
        signature.issuer_until = "2026-06-27";
    EXPECT_EQ(secure_ids(facts_, known), Strings{"signature-expired"});
    shim().signatures[0].issuer_until = "2038-06-13";
    EXPECT_EQ(secure_ids(facts_, known), Strings{});
    grub().nx_compat = false;
    EXPECT_EQ(secure_ids(facts_), Strings{"nx-compat-off"});
    grub().nx_compat = true;
    shim().signatures.pop_back();
    EXPECT_EQ(secure_ids(facts_), Strings{"signed-for-2023-only"});
    shim().signatures = {signature_of("Microsoft Corporation UEFI CA 2011")};
    EXPECT_EQ(secure_ids(facts_), Strings{"signed-for-2011-only"});
    facts_.efi[2].secure->signatures = {signature_of("Another CA")};
    EXPECT_EQ(secure_ids(facts_), (Strings{"signed-for-2011-only", "mokmanager-refused"}));
    facts_.efi.pop_back();
    EXPECT_EQ(secure_ids(facts_), (Strings{"signed-for-2011-only", "no-mokmanager"}));
}

TEST_F(SecureFindings, FindTheLoaderThatTheShimNames) {
    shim().second = "grub.efi";
    facts_.efi[1].path = "/EFI/BOOT/grub.efi";
    facts_.efi[2].path = "/EFI/BOOT/MokManager.efi";
    EXPECT_EQ(secure_ids(facts_), Strings{});
    grub().signatures.clear();
    EXPECT_EQ(secure_ids(facts_), Strings{"grub-unsigned"});
}

}  // namespace
}  // namespace lktest
