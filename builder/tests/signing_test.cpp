// SPDX-License-Identifier: MIT
// Signatures for Secure Boot, read again by what judges those of others.
#include "builder/boot/signing.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/little_endian.hpp"
#include "builder/boot/secure_boot_files.hpp"
#include "builder/inspect/pe.hpp"
#include "builder/inspect/secure_boot.hpp"
#include "builder/tests/support/signed_pe.hpp"

namespace lktest {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t signing_time = 1'700'000'000;

/// A key and its certificate in files.
class SigningTest : public testing::Test {
protected:
    SigningTest() {
        signer_.key.reset(EVP_RSA_gen(2048));
        signer_.certificate = make_signer("Live media", nullptr).certificate;
        X509_set_pubkey(signer_.certificate.get(), signer_.key.get());
        X509_sign(signer_.certificate.get(), signer_.key.get(), EVP_sha256());
        write_key(key_, signer_.key.get(), nullptr);
        write_file(certificate_, signer_.der());
    }
    static void write_key(const fs::path& file, const EVP_PKEY* key, const char* passphrase) {
        const Handle<BIO, BIO_free_all> bio(BIO_new_file(file.c_str(), "w"));
        PEM_write_bio_PKCS8PrivateKey(bio.get(), key, passphrase ? EVP_aes_256_cbc() : nullptr, nullptr, 0,
                                      nullptr, const_cast<char*>(passphrase));
    }
    std::string complaint(const fs::path& key, const fs::path& certificate) {
        try {
            read_signing_key(key, certificate);
        } catch (const Error& error) {
            return error.kind() == Error::Kind::usage ? error.what() : "another kind";
        }
        return {};
    }

    TempDir scratch_;
    fs::path key_ = scratch_.path() / "mok.key", certificate_ = scratch_.path() / "mok.cer";
    TestSigner signer_;
};

/// What a program's signatures say: "Live media fits".
std::string signatures_of(const std::string& program) {
    std::string text;
    const auto facts = read_secure_boot(ByteView::of_memory(program));
    if (facts)
        for (const PeSignature& signature : facts->signatures)
            text += signature.signer + (signature.matches ? " fits\n" : " does not fit\n");
    return text;
}

TEST_F(SigningTest, AProgramIsSignedAndSignedAgain) {
    const SigningKey key = read_signing_key(key_, certificate_);
    const std::string program = pe_of({.sections = {{".text", "code"}, {".sbat", "sbat,1,x\n"}}});
    const std::string once = sign_efi(program, key, signing_time);
    EXPECT_EQ(signatures_of(once), "Live media fits\n");
    EXPECT_EQ(sign_efi(program, key, signing_time), once) << "the same bytes";
    EXPECT_EQ(signatures_of(sign_efi(once, key, signing_time)), "Live media fits\nLive media fits\n");
    constexpr std::size_t checksum = 64 + 24 + 64;
    std::string changed = once;
    changed[checksum] = 'c';
    EXPECT_EQ(signatures_of(changed), "Live media fits\n") << "other tools write CheckSum later";
    changed = once;
    changed[once.find("code")] = 'C';
    EXPECT_EQ(signatures_of(changed), "Live media does not fit\n");
    EXPECT_THROW(sign_efi("MZ", key, signing_time), Error);
}

TEST_F(SigningTest, WhatLiesBetweenSectionsIsNotSigned) {
    const SigningKey key = read_signing_key(key_, certificate_);
    std::string program =
        pe_of({.sections = {{".text", std::string(512, 'c')}, {".data", std::string(512, 'd')}}});
    // The second section moves, and leaves 512 bytes behind.
    constexpr std::size_t second = 64 + 24 + 240 + 40;
    const std::size_t data = le32(program, second + 20);
    program.insert(data, std::string(512, 'g'));
    std::string place;
    add_le(place, data + 512, 4);
    program.replace(second + 20, 4, place);
    std::string signed_program = sign_efi(program, key, signing_time);
    signed_program[data] = 'G';
    EXPECT_EQ(signatures_of(signed_program), "Live media fits\n");
    signed_program[data + 512] = 'D';
    EXPECT_EQ(signatures_of(signed_program), "Live media does not fit\n");
}

TEST_F(SigningTest, KeysThatCannotSignAreNamed) {
    EXPECT_EQ(complaint(key_, certificate_), "");
    EXPECT_NE(complaint(certificate_, certificate_).find("is not a private key in PEM"), std::string::npos);
    EXPECT_NE(complaint(key_, key_).find("is not a certificate"), std::string::npos);
    write_file(certificate_, make_signer("Other").der());
    EXPECT_NE(complaint(key_, certificate_).find("is not for the key"), std::string::npos);
    write_key(key_, signer_.key.get(), "secret");
    EXPECT_NE(complaint(key_, certificate_).find("without a passphrase"), std::string::npos);
}

TEST_F(SigningTest, ShimStartsTheLoaderUnderItsOwnName) {
    FileTree packages;
    packages.put_file("/usr/lib/shim/shimx64.efi.signed", "shim");
    packages.put_file("/usr/lib/shim/mmx64.efi.signed", "mm");
    const std::string program = pe_of({.sections = {{".text", "code"}, {".sbat", "sbat,1,x\nloader,1,y\n"}}}),
                      old = pe_of({.sections = {{".text", "code"}}});
    const std::vector<ImageFile> loader{{"/EFI/BOOT/BOOTX64.EFI", program},
                                        {"/EFI/Linux/lktest-00.efi", program},
                                        {"/loader/loader.conf", std::string("timeout 3\n")}};
    const auto paths = [](const std::vector<ImageFile>& files) {
        std::vector<std::string> all;
        for (const ImageFile& file : files)
            all.push_back(file.path);
        return all;
    };
    const SigningKey key = read_signing_key(key_, certificate_);
    const auto signed_files = [&](const std::vector<ImageFile>& files, bool shim) {
        return secure_boot_files(files, packages, Arch::x86_64, key, shim, signing_time);
    };
    EXPECT_EQ(paths(signed_files(loader, false)), paths(loader));
    const auto files = signed_files(loader, true);
    EXPECT_EQ(paths(files), (std::vector<std::string>{"/EFI/BOOT/GRUBX64.EFI", "/EFI/Linux/lktest-00.efi",
                                                      "/loader/loader.conf", "/EFI/BOOT/BOOTX64.EFI",
                                                      "/EFI/BOOT/MMX64.EFI", "/EFI/mok.cer"}));
    EXPECT_EQ(signatures_of(std::get<std::string>(files[1].content)), "Live media fits\n");
    EXPECT_EQ(std::get<std::string>(files[3].content), "shim");
    EXPECT_THROW(signed_files({{"/EFI/BOOT/BOOTX64.EFI", old}}, true), Error) << "shim would refuse it";
}

}  // namespace
}  // namespace lktest
