// SPDX-License-Identifier: MIT
// Both sides of a refusal under Secure Boot, and what a boot leaves in the variables.
#include "harness/diagnose/secure_boot_facts.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "builder/base/file.hpp"
#include "firmware/secure_keys.hpp"
#include "firmware/variable_store.hpp"
#include "harness/boot/machine_keys.hpp"
#include "harness/boot/variable_report.hpp"
#include "harness/tests/support/certificates.hpp"

namespace lktest {
namespace {

constexpr std::string_view vendor("0123456789abcdef", 16);

/// A flash image with a store that has room for these.
std::string store_with(std::span<const NewVariable> variables) {
    constexpr std::size_t volume = 72, room = 16 << 10;
    std::string image(volume, '\0');
    image.replace(40, 4, "_FVH");
    image[48] = static_cast<char>(volume);
    image += std::string("\x78\x2c\xf3\xaa\x7b\x94\x9a\x43\xa1\x80\x2e\x14\x4e\xc3\x77\x92", 16);
    add_le(image, room + 28, 4);
    image += std::string("\x5a\xfe\0\0\0\0\0\0", 8);
    return with_variables(image + std::string(room, '\xff'), variables);
}

EfiProgram program(std::string path, const TestCertificate& signer, std::vector<std::string> sbat) {
    EfiProgram made{.path = std::move(path),
                    .in_esp = true,
                    .image = PeImage{},
                    .volume = 0,
                    .grub = {},
                    .secure = {},
                    .module = {}};
    made.image->sbat = std::move(sbat);
    made.secure = SecureBootFacts{};
    PeSignature signature;
    signature.signer = signature.issuer = signer.name;
    signature.chain = {signer.der};
    made.secure->signatures = {signature};
    made.secure->sha256 = std::string(64, 'a');
    return made;
}

class SecureBootFactsTest : public testing::Test {
protected:
    SecureBootFactsTest() {
        medium_.efi = {program("/EFI/BOOT/BOOTX64.EFI", theirs_, {"sbat,1,x", "shim,4,y"}),
                       program("/EFI/BOOT/grubx64.efi", vendors_, {"sbat,1,x", "grub,3,y"})};
        medium_.efi[0].loader = EfiProgram::Loader::shim;
        medium_.efi[0].secure->vendor_certs = {vendors_.der};
        facts_.words["efi-loader"] = "BOOTX64.EFI";
    }
    bool holds(std::string_view name) {
        const Fact* fact = facts_.find(name);
        EXPECT_TRUE(fact) << name;
        return fact && fact->holds;
    }

    const TestCertificate theirs_ = make_certificate("Their CA"), mine_ = make_certificate("My CA"),
                          vendors_ = make_certificate("Vendor CA");
    MediumFacts medium_;
    Facts facts_;
};

TEST_F(SecureBootFactsTest, NamesBothSides) {
    add_secure_boot_facts(
        medium_, {.db = {mine_.der}, .db_hashes = {}, .dbx_hashes = {}, .mok = {}, .sbat_level = ""}, facts_);
    EXPECT_TRUE(holds("loader-signed"));
    EXPECT_FALSE(holds("loader-trusted"));
    EXPECT_EQ(facts_.words["loader-signers"], "Their CA");
    EXPECT_EQ(facts_.words["db"], "My CA");
    EXPECT_TRUE(holds("second-trusted")) << "shim carries the vendor's certificate";
    EXPECT_FALSE(holds("loader-in-dbx"));
}

TEST_F(SecureBootFactsTest, TrustsWhatTheUserHasEnrolled) {
    medium_.efi[0].secure->vendor_certs.clear();
    MachineKeys keys;
    keys.db = {theirs_.der};
    add_secure_boot_facts(medium_, keys, facts_);
    EXPECT_FALSE(holds("second-trusted"));
    keys.mok = {vendors_.der};
    Facts enrolled;
    enrolled.words["efi-loader"] = "BOOTX64.EFI";
    add_secure_boot_facts(medium_, keys, enrolled);
    EXPECT_TRUE(enrolled.find("second-trusted")->holds);
}

TEST_F(SecureBootFactsTest, SeesChangesAndWhatShimDemandsOfTheSecondLoader) {
    const auto facts = [this] {
        Facts found;
        found.words["efi-loader"] = "BOOTX64.EFI";
        MachineKeys keys;
        keys.db = {theirs_.der};
        add_secure_boot_facts(medium_, keys, found);
        return found;
    };
    for (const char* name : {"loader-intact", "second-intact", "second-sbat"})
        EXPECT_TRUE(facts().find(name)->holds) << name;
    medium_.efi[1].image->sbat.clear();
    EXPECT_FALSE(facts().find("second-sbat")->holds);
    EXPECT_TRUE(facts().find("second-trusted")->holds);
    medium_.efi[1].secure->signatures[0].matches = false;
    EXPECT_FALSE(facts().find("second-intact")->holds);
    EXPECT_TRUE(facts().find("loader-intact")->holds);
    medium_.efi[0].secure->signatures[0].matches = false;
    EXPECT_FALSE(facts().find("loader-intact")->holds);
}

TEST_F(SecureBootFactsTest, TrustsASignerOrAHash) {
    add_secure_boot_facts(
        medium_, {.db = {theirs_.der}, .db_hashes = {}, .dbx_hashes = {}, .mok = {}, .sbat_level = ""},
        facts_);
    EXPECT_TRUE(holds("loader-trusted"));
    Facts by_hash = {};
    by_hash.words["efi-loader"] = "BOOTX64.EFI";
    add_secure_boot_facts(medium_,
                          {.db = {mine_.der},
                           .db_hashes = {std::string(64, 'a')},
                           .dbx_hashes = {std::string(64, 'a')},
                           .mok = {},
                           .sbat_level = ""},
                          by_hash);
    EXPECT_TRUE(by_hash.find("loader-trusted")->holds);
    EXPECT_TRUE(by_hash.find("loader-in-dbx")->holds);
}

TEST_F(SecureBootFactsTest, ComparesSbatWithWhatTheMachineHasSeen) {
    MachineKeys keys{.db = {theirs_.der},
                     .db_hashes = {},
                     .dbx_hashes = {},
                     .mok = {},
                     .sbat_level = "sbat,1,2025021800\nshim,4\ngrub,5\n"};
    add_secure_boot_facts(medium_, keys, facts_);
    EXPECT_TRUE(holds("sbat-too-old"));
    EXPECT_EQ(facts_.words["revoked-file"], "grubx64.efi");
    EXPECT_EQ(facts_.words["sbat-date"], "2025-02-18");
    Facts older;
    older.words["efi-loader"] = "BOOTX64.EFI";
    keys.sbat_level = "sbat,1,2021030218\n";
    add_secure_boot_facts(medium_, keys, older);
    EXPECT_FALSE(older.find("sbat-too-old")->holds);
}

TEST_F(SecureBootFactsTest, ARevokedCertificateRevokesWhatItSigned) {
    const NewVariable variables[] = {{"db", vendor, signature_list(theirs_.der, "theirs")},
                                     {"dbx", vendor, signature_list(theirs_.der, "theirs")}};
    add_secure_boot_facts(medium_, machine_keys(store_with(variables)), facts_);
    EXPECT_TRUE(holds("loader-trusted"));
    EXPECT_TRUE(holds("loader-in-dbx"));
    EXPECT_EQ(facts_.words["revoked-part"], "the certificate of the signer (Their CA)");

    Facts other;
    other.words["efi-loader"] = "BOOTX64.EFI";
    const NewVariable harmless[] = {{"db", vendor, signature_list(theirs_.der, "theirs")},
                                    {"dbx", vendor, signature_list(mine_.der, "mine")}};
    add_secure_boot_facts(medium_, machine_keys(store_with(harmless)), other);
    EXPECT_FALSE(other.find("loader-in-dbx")->holds);
}

TEST_F(SecureBootFactsTest, SaysNothingOfAMachineWhoseKeysAreNotKnown) {
    add_secure_boot_facts(medium_, {}, facts_);
    EXPECT_TRUE(facts_.all.empty());
}

TEST_F(SecureBootFactsTest, ReadsTheKeysOfAVariableStore) {
    const NewVariable variables[] = {{"db", vendor, signature_list(mine_.der, "mine")},
                                     {"MokList", vendor, signature_list(vendors_.der, "MOK")},
                                     {"SbatLevel", vendor, "sbat,1,2021030218\n", boot_service_variable}};
    const MachineKeys keys = machine_keys(store_with(variables));
    EXPECT_EQ(keys.mok, std::vector{vendors_.der});
    EXPECT_EQ(keys.db, std::vector{mine_.der});
    EXPECT_EQ(keys.sbat_level, "sbat,1,2021030218\n");
    EXPECT_FALSE(machine_keys("no store").known());
}

TEST(KeysFor, ACellReplacesThePackagesKeysAndKeepsTheUsers) {
    const SecureKeys scenario{.trust = {}, .authorities = {}, .db = {"microsoft", "mine.pem"}};
    const auto of = [&scenario](Hardware hardware) { return keys_for(scenario, hardware); };
    EXPECT_EQ(of({}).db, scenario.db);
    EXPECT_TRUE(of({}).trust.empty());
    const SecureKeys both = of({.trust = Trust::both, .sbat = "latest"});
    EXPECT_EQ(both.trust, (std::vector<std::string>{"2011", "2023"}));
    EXPECT_EQ(both.db, std::vector<std::string>{"mine.pem"});
    EXPECT_EQ(both.sbat, "latest");
    EXPECT_EQ(of({.trust = Trust::ca2023}).trust, std::vector<std::string>{"2023"});
    const SecureKeys custom = of({.trust = Trust::custom});
    EXPECT_TRUE(custom.trust.empty());
    EXPECT_EQ(custom.db, std::vector<std::string>{"mine.pem"});
}

TEST(KnownShims, TakesMicrosoftsCertificateFromTheFirmwaresOwnStoreToo) {
    const TempDir scratch;
    const std::filesystem::path store = scratch.path() / "vars.fd";
    const TestCertificate other = make_certificate("Windows UEFI CA 2023"),
                          microsoft = make_certificate("Microsoft UEFI CA 2023");
    const NewVariable db[] = {
        {"db", vendor, signature_list(other.der, "other") + signature_list(microsoft.der, "theirs")}};
    write_file(store, store_with(db));
    KnownShims known;
    const SecureLists lists = known.lists({.trust = {"2023"}}, scratch.path() / "no-medium", store);
    // A shim of this host, if there is one, counts first.
    EXPECT_EQ(common_names(read_signature_lists(lists.db).certificates),
              std::vector<std::string>{"Microsoft UEFI CA 2023"});
    EXPECT_FALSE(lists.keep_packaged_db);
    write_file(store, "not a store");
    if (lists.db == signature_list(microsoft.der, "theirs")) {
        EXPECT_THROW(known.lists({.trust = {"2023"}}, scratch.path() / "no-medium", store), Error);
    }
}

TEST(TrustSentence, NamesTheKeysAndTheRevocations) {
    MachineKeys keys;
    EXPECT_EQ(trust_sentence(keys), "this machine has no keys of Secure Boot");
    keys.db = {make_certificate("Old CA").der, make_certificate("New CA").der};
    EXPECT_EQ(trust_sentence(keys), "Secure Boot trusts New CA and Old CA");
    keys.sbat_level = "sbat,1,2025021800\nshim,4\n";
    EXPECT_EQ(trust_sentence(keys),
              "Secure Boot trusts New CA and Old CA, with the revocations of 2025-02-18");
}

TEST(VariableReportText, SaysWhatABootChanged) {
    const NewVariable old[] = {{"Lang", vendor, "en"}, {"Gone", vendor, "x"}};
    const NewVariable now[] = {{"Lang", vendor, "en"},
                               {"BootOrder", vendor, std::string("\1\0\0\0", 4)},
                               {"Boot0001", vendor, std::string("\1\0\0\0\4\0U\0S\0B\0\0\0", 14)},
                               {"SbatLevel", vendor, "sbat,1,2025021800\nshim,4\n", boot_service_variable}};
    const VariableReport report = report_variables(store_with(old), store_with(now));
    const auto json = nlohmann::json::parse(report.json);
    EXPECT_EQ(json.at("before").size(), 2U);
    EXPECT_EQ(json.at("changes").size(), 4U);
    EXPECT_EQ(json.at("changes")[0].at("description"), "USB");
    EXPECT_EQ(json.at("changes")[1].at("order"), nlohmann::json::array({"Boot0001", "Boot0000"}));
    EXPECT_EQ(json.at("changes")[3].at("change"), "removed");
    ASSERT_EQ(report.notes.size(), 1U);
    EXPECT_NE(report.notes[0].find("raised SbatLevel to 2025021800"), std::string::npos);
    EXPECT_TRUE(report_variables(store_with(now), store_with(now)).notes.empty());
    EXPECT_EQ(nlohmann::json::parse(report_variables("", "\xff").json).at("changes").size(), 0U);
}

}  // namespace
}  // namespace lktest
