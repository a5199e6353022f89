#!/bin/sh
# SPDX-License-Identifier: MIT
# sh bootinst.sh [--force]: makes the stick that contains it bootable by BIOS. UEFI does not need this.
#
# Run it as root on a PC with Linux. The stick must be mounted, and the archive unpacked to its FAT file
# system. It writes only to the stick: SYSLINUX's files, the boot sector of the file system, the code in
# the first 440 bytes of the disk, and the active partition.
set -eu
fail() {
    echo "bootinst: $*" >&2
    exit 1
}
force=
case $* in
'') ;;
--force) force=yes ;;
*) fail "usage: sh bootinst.sh [--force]" ;;
esac
[ "$(id -u)" = 0 ] || fail "only root can write a boot sector: sudo sh $0"
case $(uname -m) in x86_64 | amd64) ;; *) fail "it works only on an x86_64 machine" ;; esac

here=$(cd "$(dirname "$0")" && pwd -P)
device=$(df -P "$here" | awk 'NR == 2 { print $1 }')
mounted=$(df -P "$here" | awk 'NR == 2 { for (i = 1; i < 6; i++) sub(/^[^ ]+ +/, ""); print }')
if ! [ -b "$device" ] || [ "$mounted" != "$here" ]; then
    fail "$here is not the top of a mounted stick: unpack the archive there"
fi
type=$(awk -v device="$device" '$1 == device { print $3; exit }' /proc/mounts)
[ "$type" = vfat ] || fail "$device has $type, but only a stick with FAT can boot"
for file in extlinux mbr.bin gptmbr.bin; do
    [ -f "$here/boot/syslinux/$file" ] || fail "boot/syslinux/$file is missing: unpack the whole archive"
done

# A stick without partitions has its file system where a disk has its table.
name=$(readlink -f "$device")
name=${name##*/}
disk='' number=''
if [ -e "/sys/class/block/$name/partition" ]; then
    read -r number <"/sys/class/block/$name/partition"
    disk=$(readlink -f "/sys/class/block/$name/..")
    disk=/dev/${disk##*/}
    others=$(awk -v disk="$disk" -v device="$device" 'index($1, disk) == 1 && $1 != device { print $2 }' /proc/mounts)
    [ -z "$others" ] || [ "$force" ] ||
        fail "$others is also mounted from $disk: use --force if it is the stick to boot from"
fi

# A FAT may be mounted so that nothing on it can be executed.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp "$here/boot/syslinux/extlinux" "$scratch/extlinux"
chmod 700 "$scratch/extlinux"
"$scratch/extlinux" --install "$here/boot/syslinux" || fail "extlinux cannot be installed on $device"

if [ "$disk" ]; then
    if [ "$(dd if="$disk" bs=1 skip=512 count=8 2>/dev/null)" = "EFI PART" ]; then
        code=gptmbr.bin
        sfdisk -q --no-reread --part-attrs "$disk" "$number" LegacyBIOSBootable
    else
        code=mbr.bin
        sfdisk -q --no-reread --activate "$disk" "$number"
    fi
    dd if="$here/boot/syslinux/$code" of="$disk" bs=440 count=1 conv=notrunc 2>/dev/null
fi
sync
echo "$device boots by BIOS now"
