#!/bin/sh
# SPDX-License-Identifier: MIT
# /bin/lease: called by udhcpc in the initramfs after it got a lease. The server of the
# boot files (siaddr) may differ from the DHCP server.
[ "$1" = bound ] || exit 0
ip address add "$ip/${mask:-24}" dev "$interface"
[ -n "$router" ] && ip route add default via "${router%% *}" dev "$interface"
[ -n "$dns" ] && for address in $dns; do echo "nameserver $address"; done >/etc/resolv.conf
echo "${siaddr:-$serverid}" >/run/server
