#!/usr/lib/lktest/busybox sh
# SPDX-License-Identifier: MIT
# Brings up the wired network of a live system, unless the system does it itself, and
# says the milestone "network". busybox is the initramfs' own static one: nothing here
# depends on what the root has.

drivers() {
    cat /sys/bus/*/devices/*/modalias 2>/dev/null | sort -u | tr '\n' '\0' | xargs -0 modprobe -abq 2>/dev/null
}

cards() {
    for card in /sys/class/net/*; do
        [ -e "$card/device" ] && [ "$(cat "$card/type")" = 1 ] && [ ! -e "$card/wireless" ] && echo "${card##*/}"
    done
}

# The first address of a wired card.
address() {
    for card in $(cards); do
        ip -4 -o address show dev "$card" scope global | sed -n 's/.* inet \([0-9.]*\).*/\1/p'
    done | head -n 1
}

# Whether a service of the root manages the network.
managed() {
    for service in NetworkManager systemd-networkd networking wicked dhcpcd; do
        systemctl is-active --quiet "$service" && return 0
    done 2>/dev/null
    for process in /proc/[0-9]*/comm; do
        read -r name <"$process" || continue
        case $name in NetworkManager | systemd-network* | connmand | dhcpcd | dhclient | udhcpc | wickedd*) return 0 ;; esac
    done 2>/dev/null
    return 1
}

harness() {
    grep -qsx lktest.0 /sys/class/virtio-ports/*/name
}

# Under the harness only: proves to the host that the guest can reach it.
probe() {
    server=$(cat /run/lktest/server 2>/dev/null)
    [ -n "$server" ] || server=$(ip -4 route show default | sed -n 's/.* via \([0-9.]*\).*/\1/p' | head -n 1)
    for attempt in 1 2 3 4 5; do
        if timeout 10 wget -q -O /run/lktest/probe "http://$server/lktest/probe"; then
            exec /usr/lib/lktest/say "network: fetched $(wc -c </run/lktest/probe) bytes"
        fi
        sleep 1
    done
    /usr/lib/lktest/say "network: FAILED: no answer from http://$server/lktest/probe"
}

mkdir -p /run/lktest
drivers
drivers # a bus that got its driver just now reports its own devices only then
ip link set lo up
harness && httpd -p 80 -h /usr/lib/lktest/www

turns=0
if managed; then
    while [ -z "$(address)" ] && [ $turns -lt 75 ]; do
        usleep 200000
        turns=$((turns + 1))
    done
fi
if [ -z "$(address)" ]; then
    for card in $(cards); do
        ip link set "$card" up
        udhcpc -b -S -t 4 -T 2 -A 5 -i "$card" -s /usr/lib/lktest/lease >/dev/null 2>&1 &
    done
    turns=0
    while [ -z "$(address)" ] && [ $turns -lt 300 ]; do
        usleep 200000
        turns=$((turns + 1))
    done
fi
found=$(address)
[ -n "$found" ] || exit 0 # no cable, no DHCP server: no fault of the system's
/usr/lib/lktest/say "network: address $found"
harness && probe
exit 0
