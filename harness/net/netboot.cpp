// SPDX-License-Identifier: MIT
#include "harness/net/netboot.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <tuple>

#include "builder/base/beneath.hpp"
#include "harness/net/tap.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// A client's DHCP option 93 (RFC 4578, 2.1, and IANA's "Processor Architecture Types").
struct ClientType {
    std::string_view tag;
    unsigned type;
    NetClient client;
};

constexpr std::array client_types{
    ClientType{"bios", 0, {"", false}},        ClientType{"ia32", 6, {"IA32", false}},
    ClientType{"x64", 7, {"X64", false}},      ClientType{"x64", 9, {"X64", false}},
    ClientType{"aa64", 11, {"AA64", false}},   ClientType{"ia32-http", 15, {"IA32", true}},
    ClientType{"x64-http", 16, {"X64", true}}, ClientType{"aa64-http", 19, {"AA64", true}},
};

constexpr std::array<std::string_view, 1> http_loaders{"httpboot.img"};
constexpr std::array<std::string_view, 5> bios_loaders{"lpxelinux.0", "pxelinux.0", "i386-pc/core.0",
                                                       "undionly.kpxe", "ipxe.pxe"};
constexpr std::array<std::string_view, 7> x64_loaders{
    "bootx64.efi", "bootnetx64.efi",      "shimx64.efi", "grubnetx64.efi",
    "grubx64.efi", "x86_64-efi/core.efi", "ipxe.efi"};
constexpr std::array<std::string_view, 7> aa64_loaders{
    "bootaa64.efi", "bootnetaa64.efi",    "shimaa64.efi",  "grubnetaa64.efi",
    "grubaa64.efi", "arm64-efi/core.efi", "ipxe-arm64.efi"};

constexpr std::array<std::string_view, 4> ia32_loaders{"bootia32.efi", "shimia32.efi", "grubia32.efi",
                                                       "i386-efi/core.efi"};

struct Loaders {
    std::string_view efi_suffix;
    std::span<const std::string_view> names;
};

constexpr std::array loader_rows{Loaders{"", bios_loaders}, Loaders{"X64", x64_loaders},
                                 Loaders{"AA64", aa64_loaders}, Loaders{"IA32", ia32_loaders}};

/// File names of the loaders for a client, the best first. A shim finds its GRUB itself, so it precedes GRUB.
/// Names with a directory come from grub-mknetdir.
std::span<const std::string_view> loaders_of(const NetClient& client) {
    if (client.http)
        return http_loaders;
    for (const Loaders& known : loader_rows)
        if (known.efi_suffix == client.efi_suffix)
            return known.names;
    return {};
}

/// The index of the name that a path ends with; the number of names if there is none. Ignores case, as FAT
/// does.
std::size_t rank(std::span<const std::string_view> names, const fs::path& path) {
    std::string text = "/" + path.generic_string();
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto fits = [&text](std::string_view name) { return text.ends_with("/" + std::string(name)); };
    return static_cast<std::size_t>(std::ranges::find_if(names, fits) - names.begin());
}

/// Whether a path is a single word to dnsmasq, whose options have commas, and to a boot loader.
bool is_plain(std::string_view path) {
    return std::ranges::all_of(path, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("/._-+~@=").find(c) != std::string_view::npos;
    });
}

}  // namespace

std::optional<fs::path> boot_file(const fs::path& directory, const NetClient& client) {
    constexpr int deepest = 5;
    constexpr unsigned most = 50'000;  // files; a larger directory is not a boot tree
    const auto names = loaders_of(client);
    using Found = std::tuple<std::ptrdiff_t, std::size_t, fs::path>;  // depth, index of the name
    std::optional<Found> best;
    std::error_code error;
    const UniqueFd root(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    fs::recursive_directory_iterator entry(directory, fs::directory_options::skip_permission_denied, error);
    for (unsigned count = 0; !error && entry != fs::recursive_directory_iterator() && count < most; ++count) {
        const fs::path path = entry->path().lexically_relative(directory);
        const std::size_t which = rank(names, path);
        if (which < names.size() && is_plain(path.native()) && open_beneath(root.get(), path)) {
            Found found{std::distance(path.begin(), path.end()), which, path};
            best = best ? std::min(*best, found) : found;
        }
        if (entry.depth() >= deepest)
            entry.disable_recursion_pending();
        entry.increment(error);
    }
    return best ? std::optional(std::get<2>(*best)) : std::nullopt;
}

std::vector<std::string> dnsmasq_options(const NetBoot& boot) {
    std::vector<std::string> options;
    if (!boot.http)
        // The boot file in BOOTP's own field, where shim looks for the directory of its GRUB.
        options = {"--dhcp-no-override"};
    for (const auto& [tag, type, client] : client_types) {
        const auto file = client.http == boot.http ? boot_file(boot.directory, client) : std::nullopt;
        if (!file)
            continue;
        options.push_back(fmt::format("--dhcp-match=set:{},option:client-arch,{}", tag, type));
        const std::string server = client.http ? fmt::format("http://{}/", host_address) : "";
        options.push_back(fmt::format("--dhcp-boot=tag:{},{}{}", tag, server, file->generic_string()));
        // The client ignores an answer without this.
        if (client.http)
            options.push_back(fmt::format("--dhcp-option-force=tag:{},60,HTTPClient", tag));
    }
    return options;
}

UniqueFd served_file(int directory, std::string_view target) {
    const fs::path path(target.substr(0, target.find_first_of("?#")));
    if (!path.is_absolute() || std::ranges::any_of(path, [](const fs::path& part) { return part == ".."; }))
        return {};
    return open_beneath(directory, path.relative_path());
}

}  // namespace lktest
