// SPDX-License-Identifier: MIT
#include "harness/boot/known_revocations.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "builder/base/error.hpp"
#include "builder/base/file.hpp"
#include "builder/base/printable.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

/// Where Ubuntu's secureboot-db and Fedora's dbxtool install the lists that the UEFI Forum publishes.
std::vector<fs::path> installed_lists() {
    std::vector<fs::path> found;
    std::error_code none;
    for (const char* directory : {"/usr/share/secureboot/updates/dbx", "/usr/share/dbxtool"})
        for (fs::directory_iterator entry(directory, none), end; entry != end; entry.increment(none))
            if (entry->path().extension() == ".bin" && entry->is_regular_file(none))
                found.push_back(entry->path());
    return found;
}

}  // namespace

std::vector<SecureBootFacts> installed_shims() {
    std::vector<SecureBootFacts> shims;
    std::error_code none;
    for (const fs::path directory : {"/usr/lib/shim", "/usr/share/shim", "/boot/efi/EFI"})
        for (fs::recursive_directory_iterator entry(directory, none), end; entry != end;
             entry.increment(none)) {
            const std::string file = entry->path().filename();
            if (file.starts_with("shim") && file.find(".efi") != file.npos && entry->is_regular_file(none))
                if (auto secure = read_secure_boot(ByteView::of_file(entry->path())))
                    shims.push_back(std::move(*secure));
        }
    return shims;
}

Revocations known_revocations(const std::vector<fs::path>& dbx) {
    constexpr std::uintmax_t longest = 1 << 20;  // larger than any firmware's store
    Revocations known;
    for (const fs::path& file : dbx.empty() ? installed_lists() : dbx) {
        std::error_code none;
        const bool short_enough = fs::file_size(file, none) <= longest || none;
        if (!short_enough || !add_dbx(known, read_file(file))) {
            if (dbx.empty())  // the system's, and not asked for
                continue;
            throw usage_error(fmt::format("{} is not a list of revoked programs", file.string()),
                              "give a DBXUpdate.bin of the UEFI Forum, or a dbx variable from efivars");
        }
        known.dbx_source += (known.dbx_source.empty() ? "" : ", ") + printable(file.filename().string());
    }
    for (const SecureBootFacts& shim : installed_shims())
        for (const std::string& payload : shim.sbat_payloads)
            known.levels.push_back(parse_sbat_level(payload));
    known.today = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
    return known;
}

}  // namespace lktest
