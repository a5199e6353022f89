// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// Means the keys that the firmware's package has enrolled, in place of a file name.
inline constexpr std::string_view packaged_keys = "microsoft";

/// The keys that firmware trusts with Secure Boot on, in place of those that its package has enrolled. Files
/// are certificates (PEM, DER) or EFI signature lists.
struct SecureKeys {
    std::vector<std::string> db;   ///< certificates that may sign a loader; may contain packaged_keys
    std::vector<std::string> dbx;  ///< revoked images and certificates; default: the package's list
    std::string kek, pk;           ///< certificate that may change db and dbx; default: the first of db

    /// Whether there are keys to enroll.
    bool asked() const { return !db.empty() || !dbx.empty() || !kek.empty() || !pk.empty(); }
};

/// The same in the format of the firmware's variables (UEFI 2.10, 32.4.1): consecutive EFI_SIGNATURE_LISTs.
/// Default: the package's.
struct SecureLists {
    std::string db, dbx, kek, pk;
    bool keep_packaged_db = false;  ///< keep the package's entries in db, before the others
};

/// Converts certificates or signature lists to a list. Throws a usage Error for any other file.
/// @param name  of the file, for the error
std::string signature_list(std::string_view bytes, const std::string& name);

/// Reads the files. Throws a usage Error if one cannot be read or used, or if the keys do not determine the
/// owner.
SecureLists read_secure_keys(const SecureKeys& keys);

}  // namespace lktest
