// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lktest {

/// One DHCP message that passed between guest and server.
struct DhcpMessage {
    enum class Kind { discover, offer, request, ack, nak };
    Kind kind = Kind::discover;
    std::string address;    ///< "192.168.2.10"; empty in a DISCOVER
    std::string mac;        ///< "52:54:00:6c:6b:01"
    std::string rest;       ///< the guest's host name, or why the server refused; often empty
    bool firmware = false;  ///< sent by network boot code (PXE, UEFI HTTP), not by the guest's system
};

/// Reads what dnsmasq --log-dhcp prints, line by line.
class DhcpLog {
public:
    /// The message in the line; unset for all other lines.
    std::optional<DhcpMessage> read(std::string_view line);

private:
    /// The transaction of the last question whose preceding line has the vendor class of a firmware.
    std::string firmware_transaction_;
};

}  // namespace lktest
