// SPDX-License-Identifier: MIT
#include "builder/boot/signing.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>

#include <limits>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/little_endian.hpp"
#include "builder/inspect/authenticode.hpp"

namespace lktest {
namespace {

using Bio = Handle<BIO, BIO_free_all>;
using namespace std::string_view_literals;

Bio bio_of(const std::string& bytes) {
    return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

/// OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

Certificate certificate_in(const std::string& file) {
    Certificate certificate(PEM_read_bio_X509(bio_of(file).get(), nullptr, no_passphrase, nullptr));
    return certificate ? std::move(certificate) : certificate_of(file);
}

/// A DER value (X.690, 8.1) of fewer than 256 bytes.
std::string der(char tag, std::string_view value) {
    std::string bytes(1, tag);
    if (value.size() >= 128)
        bytes += '\x81';
    bytes += static_cast<char>(value.size());
    return bytes.append(value);
}

constexpr char sequence = '\x30';

/// The value of an SpcIndirectDataContent: a PE image, and its SHA-256. It is what PKCS #7 signs, without
/// tag and length.
std::string indirect_data(const std::string& hash) {
    // 1.3.6.1.4.1.311.2.1.15: SPC_PE_IMAGE_DATA, without flags, of a file that is not named.
    const std::string type("\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x0f"sv);
    const std::string image = der(sequence, "\x03\x01\x00\xa0\x04\xa2\x02\x80\x00"sv);
    const std::string algorithm = der(sequence, "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00"sv);
    return der(sequence, type + image) + der(sequence, algorithm + der('\x04', hash));
}

ASN1_OBJECT* indirect_type() {
    return OBJ_txt2obj("1.3.6.1.4.1.311.2.1.4", 1);
}

/// The content is set after it was signed, because OpenSSL signs only data of types that it knows.
void set_content(PKCS7& pkcs7, const std::string& value) {
    const std::string content = der(sequence, value);
    ASN1_STRING* text = ASN1_STRING_new();
    ASN1_STRING_set(text, content.data(), static_cast<int>(content.size()));
    PKCS7* inner = PKCS7_new();
    inner->type = indirect_type();
    inner->d.other = ASN1_TYPE_new();
    ASN1_TYPE_set(inner->d.other, V_ASN1_SEQUENCE, text);
    PKCS7_set_content(&pkcs7, inner);
}

}  // namespace

SigningKey read_signing_key(const std::filesystem::path& key, const std::filesystem::path& certificate) {
    SigningKey signer;
    signer.key.reset(PEM_read_bio_PrivateKey(bio_of(read_file(key)).get(), nullptr, no_passphrase, nullptr));
    signer.certificate = certificate_in(read_file(certificate));
    ERR_clear_error();
    if (!signer.key)
        throw usage_error(fmt::format("{} is not a private key in PEM without a passphrase", key.string()),
                          "make one with: openssl req -x509 -newkey rsa:2048 -nodes -keyout mok.key -out "
                          "mok.pem -days 3650 -subj \"/CN=My live media\"");
    if (!signer.certificate)
        throw usage_error(fmt::format("{} is not a certificate (PEM or DER)", certificate.string()));
    if (X509_check_private_key(signer.certificate.get(), signer.key.get()) != 1) {
        ERR_clear_error();
        throw usage_error(
            fmt::format("the certificate {} is not for the key {}", certificate.string(), key.string()),
            "name the pair that was made together");
    }
    return signer;
}

std::string authenticode_signature(const std::string& hash, const SigningKey& signer, X509* authority,
                                   std::int64_t time) {
    const Handle<PKCS7, PKCS7_free> pkcs7(PKCS7_new());
    PKCS7_set_type(pkcs7.get(), NID_pkcs7_signed);
    PKCS7_SIGNER_INFO* info = PKCS7_sign_add_signer(pkcs7.get(), signer.certificate.get(), signer.key.get(),
                                                    EVP_sha256(), PKCS7_BINARY);
    if (!info)
        throw usage_error("OpenSSL cannot sign with this key", "use an RSA key of 2048 bits");
    if (authority)
        PKCS7_add_certificate(pkcs7.get(), authority);
    PKCS7_content_new(pkcs7.get(), NID_pkcs7_data);
    PKCS7_add_signed_attribute(info, NID_pkcs9_contentType, V_ASN1_OBJECT, indirect_type());
    PKCS7_add0_attrib_signing_time(info, ASN1_TIME_set(nullptr, static_cast<std::time_t>(time)));
    const std::string value = indirect_data(hash);
    const Bio sink(PKCS7_dataInit(pkcs7.get(), nullptr));
    BIO_write(sink.get(), value.data(), static_cast<int>(value.size()));
    PKCS7_dataFinal(pkcs7.get(), sink.get());
    set_content(*pkcs7, value);
    unsigned char* bytes = nullptr;
    const int size = i2d_PKCS7(pkcs7.get(), &bytes);
    std::string signature(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return signature;
}

std::string sign_efi(std::string program, const SigningKey& signer, std::int64_t time) {
    auto layout = pe_layout(ByteView::of_memory(program));
    if (layout && layout->certificates == 0)
        program.resize((program.size() + 7) / 8 * 8);
    const std::string hash = layout ? authenticode_hash(ByteView::of_memory(program), *layout,
                                                        std::numeric_limits<std::uint64_t>::max())
                                    : "";
    if (hash.empty())
        throw host_error("a program to be signed is not a complete PE image");
    // WIN_CERTIFICATE (UEFI 2.10, 32.2.4): length, revision, WIN_CERT_TYPE_PKCS_SIGNED_DATA.
    constexpr std::uint64_t header = 8, revision = 0x200, type = 2;
    const std::string signature = authenticode_signature(hash, signer, nullptr, time);
    std::string entry, place;
    add_le(entry, header + signature.size(), 4);
    add_le(entry, revision, 2);
    add_le(entry, type, 2);
    entry += signature;
    entry.resize((entry.size() + 7) / 8 * 8);
    add_le(place, layout->certificates != 0 ? layout->certificates : program.size(), 4);
    add_le(place, layout->certificates_size + entry.size(), 4);
    program.replace(layout->directory, place.size(), place);
    return program + entry;
}

}  // namespace lktest
