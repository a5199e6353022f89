# SPDX-License-Identifier: MIT
# Part of /init: from=http://HOST[:PORT]/DIR or …/FILE.iso, into memory. DIR is the output
# of `lktest build --format netboot`: its sha256sum.txt names the layers. Without HOST
# (from=http:///DIR) it is the server from DHCP or from ip=.
#
#   ip=CLIENT:SERVER:GATEWAY:MASK  an address without DHCP, as PXELINUX passes it on
#   BOOTIF=01-MAC                  the network card to use, as PXELINUX passes it on

# Requests an address on each network card until one gets it.
configure_network() {
    static=$(parameter ip)
    used=$(parameter BOOTIF | tr '[:upper:]-' '[:lower:]:')
    while read -r now _ </proc/uptime && [ "${now%%.*}" -lt "$deadline" ]; do
        load_drivers
        modprobe -q af_packet
        for card in /sys/class/net/*; do
            [ -e "$card/device" ] || continue
            [ -z "$used" ] || [ "$(cat "$card/address")" = "${used#??:}" ] || continue
            card=${card##*/}
            ip link set "$card" up
            case $static in
            *:*:*:*)
                old=$IFS IFS=:
                set -- $static
                IFS=$old
                ifconfig "$card" "$1" netmask "${4:-255.255.255.0}"
                [ -n "$3" ] && ip route add default via "$3" dev "$card"
                server=$2
                ;;
            *)
                udhcpc -n -q -S -t 5 -T 2 -i "$card" -s /bin/lease >/dev/null 2>&1 || continue
                server=$(cat /run/server)
                ;;
            esac
            say "network: address of $card: $(ip -4 -o addr show dev "$card" | awk '{ print $4 }')"
            return 0
        done
        usleep 200000
    done
    fail "no network card got an address within 90 s" \
        "is there a DHCP server? its driver may be missing in [initramfs]; ip= gives an address without"
}

# fetch URL FILE
fetch() {
    timeout 900 wget -q -O "$2" "$1" 2>/run/why || # busybox 1.35 crashes with -T
        fail "cannot fetch $1: $(tail -n1 /run/why)" "serve the directory by HTTP, and give from= its address"
}

fetch_medium() {
    configure_network
    url=$1
    case $url in http:///*) url=http://$server/${url#http:///} ;; esac
    url=${url%/}
    from=$url
    mount -t tmpfs -o size=90%,mode=0755 tmpfs /run/medium
    device=$card
    case $url in
    *.iso)
        mkdir /run/disk
        mount --move /run/medium /run/disk
        fetch "$url" /run/disk/medium.iso
        open_place /run/disk/medium.iso || fail "$url is not a live medium" "give the ISO that lktest built"
        return
        ;;
    esac
    mkdir /run/medium/live
    fetch "$url/sha256sum.txt" /run/all
    grep ' [ *]live/' /run/all >/run/medium/sha256sum.txt
    while read -r _ file; do
        mkdir -p "/run/medium/${file%/*}"
        fetch "$url/$file" "/run/medium/$file"
        say "network: fetched $file"
    done </run/medium/sha256sum.txt
    has_layers /run/medium/live || fail "$url/sha256sum.txt names no live/*.sb" "make the directory again"
    (cd /run/medium && sha256sum -c sha256sum.txt >/run/sums 2>&1) ||
        fail "the download from $url is damaged: $(grep -v ': OK$' /run/sums | head -n1)" "make the directory again"
}
