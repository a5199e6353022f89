// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lktest {

/// Means the keys that the firmware's package has enrolled, in place of a file name.
inline constexpr std::string_view packaged_keys = "microsoft";

/// Means the revoked images of the firmware's package.
inline constexpr std::string_view packaged_list = "package";

/// Means the newest SBAT level that a shim on the host or the medium carries.
inline constexpr std::string_view latest_sbat = "latest";

/// Means a machine on which no shim has run.
inline constexpr std::string_view no_sbat = "none";

/// The generations of Microsoft's CA for other vendors' loaders.
inline constexpr std::array<std::string_view, 2> trust_generations{"2011", "2023"};

/// The state of a machine with Secure Boot, where it differs from what the firmware's package ships. Files:
/// certificates (PEM, DER), or EFI signature lists.
struct SecureKeys {
    /// Generations of Microsoft's CA for other vendors' loaders that db holds, and no other key of the
    /// package: "2011", "2023". Empty: the package's keys.
    std::vector<std::string> trust;
    std::vector<std::string> authorities;  ///< the certificates of those generations, in DER
    std::vector<std::string> db;           ///< certificates that may sign a loader; may contain packaged_keys
    std::vector<std::string> dbx;          ///< revoked images and certificates; may contain packaged_list;
                                           ///< default: the package's list
    std::vector<std::string> mok;          ///< certificates that the user has enrolled with MokManager
    std::string kek, pk;  ///< certificate that may change db and dbx; default: the first file of db
    /// The revocations that the machine has seen: "latest", the date of a level, a file, or "none"; empty:
    /// none.
    std::string sbat;
    std::string sbat_level;  ///< that level's text, the variable SbatLevel: "sbat,1,DATE\nshim,4\n…"
};

/// The same in the format of the firmware's variables (UEFI 2.10, 32.4.1): consecutive EFI_SIGNATURE_LISTs.
/// Default: the package's.
struct SecureLists {
    std::string db, dbx, kek, pk;
    std::string mok;                ///< shim's variable MokList
    std::string sbat_level;         ///< empty: the variable is not set
    bool keep_packaged_db = false;  ///< what the package has in db stays, before the others
    bool keep_packaged_dbx = false;
};

/// Converts certificates or signature lists to a list. Throws a usage Error for any other file.
/// @param name  of the file, for the error
std::string signature_list(std::string_view bytes, const std::string& name);

/// Reads the files. Throws a usage Error if one cannot be read or used, or if the keys do not determine the
/// owner.
SecureLists read_secure_keys(const SecureKeys& keys);

}  // namespace lktest
