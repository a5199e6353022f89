// SPDX-License-Identifier: MIT
#include "builder/inspect/secure_boot.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace lktest
