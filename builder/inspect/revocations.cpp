// SPDX-License-Identifier: MIT
#include "builder/inspect/revocations.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "builder/base/certificate.hpp"

namespace lktest {
bool add_dbx(Revocations& revocations, std::string_view bytes) {
    const std::string_view lists = signature_lists_in(bytes);
    SignatureLists read = read_signature_lists(lists);
    std::ranges::move(read.certificates, std::back_inserter(revocations.dbx_certificates));
    std::ranges::move(read.sha256, std::back_inserter(revocations.dbx_hashes));
    return !lists.empty();
}

std::string why_listed(const SecureBootFacts& program, const std::vector<std::string>& certificates,
                       const std::vector<std::string>& hashes) {
    if (!program.sha256.empty() && std::ranges::find(hashes, program.sha256) != hashes.end())
        return "by its hash";
    for (const PeSignature& signature : program.signatures)
        if (is_trusted(signature, certificates))
            return fmt::format("by the certificate that signed it, '{}'",
                               signature.issuer.empty() ? signature.signer : signature.issuer);
    return {};
}

}  // namespace lktest
