// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// Stands for the keys that the firmware's package has enrolled, where a file is named.
inline constexpr std::string_view packaged_keys = "microsoft";

/// Whose signatures the firmware believes with Secure Boot on, instead of those that its package has
/// enrolled. Files: certificates (PEM, DER), or EFI signature lists.
struct SecureKeys {
    std::vector<std::string> db;   ///< certificates that may sign a loader; may contain packaged_keys
    std::vector<std::string> dbx;  ///< revoked images and certificates; default: the package's list
    std::string kek, pk;           ///< certificate that may change db and dbx; default: the first of db

    /// Something is to be enrolled.
    bool asked() const { return !db.empty() || !dbx.empty() || !kek.empty() || !pk.empty(); }
};

/// The same, as the firmware's variables hold it (UEFI 2.10, 32.4.1): EFI_SIGNATURE_LISTs one after another.
/// Default: the package's.
struct SecureLists {
    std::string db, dbx, kek, pk;
    bool keep_packaged_db = false;  ///< what the package has in db stays, before the others
};

/// Certificates or signature lists as a list. Throws a usage Error for a file that holds neither.
/// @param name  of the file, for the error
std::string signature_list(std::string_view bytes, const std::string& name);

/// Reads the files. Throws a usage Error for one that cannot be read or used, and when keys are named
/// that leave it open who the owner is.
SecureLists read_secure_keys(const SecureKeys& keys);

}  // namespace lktest
