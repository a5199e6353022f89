// SPDX-License-Identifier: MIT
#include "firmware/variables.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "builder/base/file.hpp"
#include "builder/base/handle.hpp"
#include "firmware/variable_store.hpp"

namespace lktest {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t block = 64 << 10;

std::uint64_t size_of(const fs::path& file) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (error)
        throw host_error(fmt::format("cannot read the firmware image {}: {}", file.string(), error.message()),
                         "reinstall the firmware package");
    return size;
}

/// Compares the first byte with zero, and each byte with its predecessor.
bool is_zero(std::string_view bytes) {
    return bytes.front() == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

void write_at(int fd, std::string_view bytes, std::size_t offset, const fs::path& file) {
    while (!bytes.empty()) {
        const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            throw system_error(fmt::format("cannot write the variable store {}", file.string()), errno);
        bytes.remove_prefix(static_cast<std::size_t>(count));
        offset += static_cast<std::size_t>(count);
    }
}

/// The beginning of the template with the keys in it; empty if there are no keys.
std::string with_keys(std::string_view original, const SecureLists& keys) {
    constexpr std::string_view global("\x61\xdf\xe4\x8b\xca\x93\xd2\x11\xaa\x0d\x00\xe0\x98\x03\x2b\x8c", 16),
        database("\xcb\xb2\x19\xd7\x3a\x3d\x96\x45\xa3\xbc\xda\xd0\x0e\x67\x65\x6f", 16),
        shim("\x50\xab\x5d\x60\x46\xe0\x00\x43\xab\xb6\x3d\xd8\x10\xdd\x8b\x23", 16);
    std::vector<NewVariable> variables;
    const auto put = [&](std::string_view name, std::string_view vendor, const std::string& value) {
        if (!value.empty())
            variables.push_back({std::string(name), vendor, value});
    };
    const auto packaged = [original](bool kept, std::string_view name) {
        return kept ? variable_in(original, name).value_or("") : std::string();
    };
    put("db", database, keys.db.empty() ? "" : packaged(keys.keep_packaged_db, "db") + keys.db);
    put("dbx", database, keys.dbx.empty() ? "" : packaged(keys.keep_packaged_dbx, "dbx") + keys.dbx);
    put("KEK", global, keys.kek);
    put("PK", global, keys.pk);
    if (!keys.mok.empty())
        variables.push_back({"MokList", shim, keys.mok, boot_service_variable});
    if (!keys.sbat_level.empty())
        variables.push_back({"SbatLevel", shim, keys.sbat_level, boot_service_variable});
    if (variables.empty())
        return {};
    return with_variables(std::string(original.substr(0, variables_end(original))), variables);
}

}  // namespace

void make_variable_store(Arch arch, const FirmwareImages& images, const fs::path& store,
                         const SecureLists& keys) {
    const std::uint64_t code_size = size_of(images.code);
    const auto original = MappedFile::open(images.variables);
    const std::string_view bytes(reinterpret_cast<const char*>(original->bytes().data()),
                                 original->bytes().size());
    // A qcow2 image's size says nothing about its content.
    if (images.format == "raw")
        if (const auto fault = firmware_mismatch(arch, code_size, bytes.size(), bytes.substr(0, 64)))
            throw host_error(fmt::format("the firmware {} cannot be used with {}: {}", images.code.string(),
                                         images.variables.string(), *fault),
                             "reinstall the firmware package, or correct the descriptor in qemu/firmware");

    const UniqueFd fd(::open(store.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(bytes.size())) < 0)
        throw system_error(fmt::format("cannot create the variable store {}", store.string()), errno);
    for (std::size_t offset = 0; offset < bytes.size(); offset += block)
        if (const std::string_view piece = bytes.substr(offset, block); !is_zero(piece))
            write_at(fd.get(), piece, offset, store);
    if (const std::string begin = with_keys(bytes, keys); !begin.empty())
        write_at(fd.get(), begin, 0, store);
}

}  // namespace lktest
