// SPDX-License-Identifier: MIT
#include "firmware/secure_keys.hpp"

#include <gtest/gtest.h>

#include "builder/base/file.hpp"
#include "builder/base/little_endian.hpp"
#include "builder/base/process.hpp"

namespace lktest {
namespace {

class SecureKeysTest : public ::testing::Test {
protected:
    /// Creates NAME.pem and NAME.der, a self-signed certificate.
    std::string make(const std::string& name) {
        const auto file = [&](const char* ending) { return (temp.path() / (name + ending)).string(); };
        check_process({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj",
                       "/CN=" + name, "-keyout", file(".key"), "-out", file(".pem")});
        check_process({"openssl", "x509", "-in", file(".pem"), "-outform", "DER", "-out", file(".der")});
        return file(".pem");
    }
    std::string der(const std::string& name) { return read_file(temp.path() / (name + ".der")); }

    TempDir temp;
};

TEST_F(SecureKeysTest, ACertificateBecomesAListWhateverItIsWrittenIn) {
    const std::string pem = read_file(make("mine"));
    const std::string list = signature_list(pem, "mine.pem");
    EXPECT_EQ(list, signature_list(der("mine"), "mine.der"));
    EXPECT_EQ(list, signature_list(list, "mine.esl")) << "a list stays what it is";
    EXPECT_EQ(list.size(), 28 + 16 + der("mine").size());
    EXPECT_TRUE(list.ends_with(der("mine")));
    EXPECT_EQ(signature_list(pem + pem, "two.pem"), list + list);
}

TEST_F(SecureKeysTest, WhatIsNoCertificateIsNamed) {
    for (const std::string text : {"", "hello", "-----BEGIN CERTIFICATE-----\n"})
        try {
            signature_list(text, "mine.pem");
            FAIL() << "accepted '" << text << "'";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), Error::Kind::usage);
            EXPECT_STREQ(error.what(), "mine.pem is not a certificate that firmware can enroll");
        }
    const std::string list = signature_list(read_file(make("mine")), "mine.pem");
    EXPECT_THROW(signature_list(list.substr(0, list.size() - 1), "cut.esl"), Error);
}

TEST_F(SecureKeysTest, TheFirstCertificateOwnsTheFirmwareUnlessAnotherDoes) {
    const std::string mine = make("mine"), other = make("other");
    SecureKeys keys;
    keys.db = {mine, other};
    SecureLists lists = read_secure_keys(keys);
    EXPECT_TRUE(lists.db.starts_with(lists.pk));
    EXPECT_TRUE(lists.pk.ends_with(der("mine")));
    EXPECT_EQ(lists.kek, lists.pk);
    EXPECT_FALSE(lists.keep_packaged_db);
    keys.db = {mine};
    keys.pk = other;
    lists = read_secure_keys(keys);
    EXPECT_TRUE(lists.pk.ends_with(der("other")));
    EXPECT_TRUE(lists.kek.ends_with(der("mine")));
}

TEST_F(SecureKeysTest, BesideThePackagesKeysItsOwnerStays) {
    SecureKeys keys;
    keys.db = {"microsoft", make("mine")};
    const SecureLists lists = read_secure_keys(keys);
    EXPECT_TRUE(lists.keep_packaged_db);
    EXPECT_TRUE(lists.db.ends_with(der("mine")));
    EXPECT_EQ(lists.pk, "");
    EXPECT_EQ(lists.kek, "");
}

TEST_F(SecureKeysTest, RevokedImagesAndUsersKeysAreReadToo) {
    SecureKeys keys;
    const std::string list = signature_list(read_file(make("mine")), "mine.pem");
    std::string update(16, 't');  // EFI_VARIABLE_AUTHENTICATION_2
    add_le(update, 24, 4);
    add_le(update, 0x0200, 2);
    add_le(update, 0x0ef1, 2);
    write_file(temp.path() / "dbx.bin", update + std::string(16, 'g') + list);
    keys.dbx = {"package", temp.path() / "dbx.bin"};
    keys.mok = {make("user")};
    const SecureLists lists = read_secure_keys(keys);
    EXPECT_TRUE(lists.keep_packaged_dbx);
    EXPECT_EQ(lists.dbx, list) << "without the update's signature";
    EXPECT_TRUE(lists.mok.ends_with(der("user")));
    EXPECT_EQ(lists.db, "");
}

TEST_F(SecureKeysTest, AuthoritiesReplaceThePackagesSignersAndNotItsOwner) {
    SecureKeys keys;
    make("mine");
    make("other");
    keys.authorities = {der("mine"), der("other")};
    keys.sbat_level = "sbat,1,2025021800\n";
    const SecureLists lists = read_secure_keys(keys);
    EXPECT_FALSE(lists.keep_packaged_db);
    EXPECT_NE(lists.db.find(der("mine")), std::string::npos);
    EXPECT_TRUE(lists.db.ends_with(der("other")));
    EXPECT_EQ(lists.pk, "");
    EXPECT_EQ(lists.sbat_level, "sbat,1,2025021800\n");
}

}  // namespace
}  // namespace lktest
