#!/usr/lib/lktest/busybox sh
# SPDX-License-Identifier: MIT
# Called by udhcpc when a lease is gained, renewed or lost; it is in the environment.
case $1 in
deconfig)
    ip address flush dev "$interface"
    ;;
bound | renew)
    echo "$serverid" >/run/lktest/server
    ip address replace "$ip/${mask:-24}" dev "$interface"
    [ -n "$router" ] && ip route replace default via "${router%% *}" dev "$interface"
    [ -n "$dns" ] && for server in $dns; do echo "nameserver $server"; done 2>/dev/null >/etc/resolv.conf
    ;;
esac
