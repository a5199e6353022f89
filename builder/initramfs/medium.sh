# SPDX-License-Identifier: MIT
# Part of /init: finds the medium, directory or ISO file with the layers, and mounts it at
# /run/medium with the layers in /run/medium/live.
#
#   from=/dev/sda1             a device
#   from=/dev/sda1/DIR         a directory or an ISO file there; LABEL=NAME for /dev/sda1 too
#   from=/DIR, from=/X.iso     a directory or an ISO file on any disk
#   from=http://HOST/…         network.sh
# A directory has the layers directly, or in live/ like the medium.

find_medium() {
    from=$(parameter from)
    case $from in
    '')
        label=$(parameter lktest.label)
        [ -n "$label" ] || fail "neither lktest.label= nor from= says where the system is" \
            "add lktest.label=LABEL with the medium's volume label to the kernel's parameters"
        each_device try_label || fail "no medium with the label $label within 90 s" \
            "plug it in elsewhere, or give from=; a controller may lack its driver in [initramfs]"
        ;;
    http://*) fetch_medium "$from" ;;
    /dev/* | LABEL=* | UUID=*)
        wanted=$from path=
        each_device try_device || fail "nothing that boots at from=$from within 90 s" "$(why_not)"
        ;;
    /*)
        path=$from
        each_device try_path || fail "no disk has the layers at from=$from within 90 s" \
            "give the path from the root of its file system"
        ;;
    *) fail "from=$from is not a place" "give /dev/NAME, LABEL=NAME, /DIR, /FILE.iso or http://HOST/DIR" ;;
    esac
    say "medium: found ${from:+$from on }$device"
}

why_not() {
    echo "the disks are$(for device in $(block_devices); do echo " $device"; done | tr -d '\n')"
}

has_layers() {
    set -- "$1"/*.sb
    [ -e "$1" ]
}

# A device with the medium's label as ISO 9660's volume identifier (32 bytes at 32808), or
# a FAT file system with the medium's files, under any label: their .disk/info has it.
try_label() {
    kind=$(filesystem_of "$1") || return 2
    case $kind in
    iso9660)
        found=$(bytes "$1" 32808 32)
        [ "${found%% *}" = "$label" ] || return 1
        ;;
    vfat) ;;
    *) return 1 ;;
    esac
    mount -t "$kind" -o ro "$1" /run/medium 2>/dev/null || return 2
    read -r found _ </run/medium/.disk/info && [ "$found" = "$label" ] && has_layers /run/medium/live && return 0
    umount /run/medium
    return 1
} 2>/dev/null

# The device at the start of from=, and the path after it.
try_device() {
    case $wanted in
    /dev/*)
        case $wanted/ in "$1"/*) path=${wanted#"$1"} ;; *) return 1 ;; esac
        ;;
    *)
        [ "$(findfs "${wanted%%/*}" 2>/dev/null)" = "$1" ] || return 2
        case $wanted in */*) path=/${wanted#*/} ;; esac
        ;;
    esac
    try_path "$1" || return 2
}

try_path() {
    mkdir -p /run/disk
    mount_readonly "$1" /run/disk || return
    open_place "/run/disk$path" && return 0
    umount /run/disk
    return 1
}

# open_place FILE-OR-DIRECTORY
open_place() {
    if [ -f "$1" ]; then
        mount -t iso9660 -o loop,ro "$1" /run/medium 2>/dev/null || return 1
        has_layers /run/medium/live && return 0
        umount -d /run/medium
    elif has_layers "$1/live"; then
        mount --bind "$1" /run/medium && return 0
    elif has_layers "$1"; then
        mkdir -p /run/medium/live
        mount --bind "$1" /run/medium/live && return 0
    fi
    return 1
}

# Compares every file with the medium's own list.
check_medium() {
    list=/run/medium/sha256sum.txt
    [ -e $list ] || fail "the medium has no sha256sum.txt to check it with" "boot without check"
    say "check: reading $(grep -c . $list) files"
    (cd /run/medium && sha256sum -c $list 2>/dev/null) | grep -v ': OK$' >/run/bad
    [ -s /run/bad ] && fail "the medium is damaged: $(sed -n '1s/: .*//p' /run/bad)" "write it again"
    say "check: every file is as it was built"
}
