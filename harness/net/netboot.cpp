// SPDX-License-Identifier: MIT
#include "harness/net/netboot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "harness/net/tap.hpp"

namespace lktest {
namespace {
namespace fs = std::filesystem;

/// A kind of client by its DHCP option 93 (RFC 4578, 2.1, and IANA's "Processor Architecture Types").
struct Client {
    std::string_view tag;
    unsigned type;
    std::string_view file;
    bool http;
};

constexpr std::array clients{
    Client{"bios", 0, "lpxelinux.0", false},      Client{"x64", 7, "bootx64.efi", false},
    Client{"x64", 9, "bootx64.efi", false},       Client{"aa64", 11, "bootaa64.efi", false},
    Client{"x64-http", 16, "httpboot.img", true}, Client{"aa64-http", 19, "httpboot.img", true},
};

}  // namespace

std::vector<std::string> dnsmasq_options(const NetBoot& boot) {
    std::vector<std::string> options;
    if (!boot.http)
        options = {"--enable-tftp", fmt::format("--tftp-root={}", fs::absolute(boot.directory).string())};
    for (const Client& client : clients) {
        if (client.http != boot.http)
            continue;
        options.push_back(fmt::format("--dhcp-match=set:{},option:client-arch,{}", client.tag, client.type));
        const std::string server = client.http ? fmt::format("http://{}/", host_address) : "";
        options.push_back(fmt::format("--dhcp-boot=tag:{},{}{}", client.tag, server, client.file));
        // The client ignores an answer that does not say it too.
        if (client.http)
            options.push_back(fmt::format("--dhcp-option-force=tag:{},60,HTTPClient", client.tag));
    }
    return options;
}

fs::path served_file(const fs::path& directory, std::string_view target) {
    const fs::path path(target.substr(0, target.find_first_of("?#")));
    if (!path.is_absolute() || std::ranges::any_of(path, [](const fs::path& part) { return part == ".."; }))
        return {};
    fs::path file = directory / path.relative_path();
    std::error_code ignored;
    return fs::is_regular_file(file, ignored) ? file : fs::path();
}

}  // namespace lktest
