#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# /init of lktest's live media, modelled on linux-live: finds the medium that this kernel
# came from, stacks its layers into a root filesystem, and starts the init in it. Without
# changes= or perch it does not write to any disk: mounts are read-only, changes stay in
# memory, and it does not touch swap, RAID or LVM.
#
# Kernel parameters:
#   lktest.label=NAME  volume label of the medium
#   from=PLACE         another place of the system: medium.sh, network.sh
#   check              compare the medium with its checksums first: medium.sh
#   load=, noload=     which layers: layers.sh
#   toram              copy the layers to memory and release the medium
#   changes=PLACE      keep changes there; perch, perchsize=: changes.sh
#   rootcopy=DIR       files to put over the root: layers.sh
#   debug              a shell at each stage
#   init=PATH          what to start instead of /sbin/init

export PATH=/bin:/sbin
busybox mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev
mount -t tmpfs -o nosuid,nodev,mode=0755 tmpfs /run
mkdir -p /run/lktest /run/medium /run/layers /run/changes
cp /bin/say /run/lktest/say

for part in console devices medium network layers changes; do
    . "/lib/live/$part.sh"
done

say "initramfs: started"
read -r now _ </proc/uptime
deadline=$((${now%%.*} + 90)) # slow USB and RAID controllers need tens of seconds
init=$(parameter init)
[ -n "$init" ] || init=/sbin/init

stage "before the search for the medium"
: >/run/asked
modprobe -qa loop squashfs erofs overlay
find_medium
if has_parameter check; then
    check_medium
fi
stage "the medium is found"

choose_layers
if has_parameter toram; then
    copy_to_ram
fi
mount_layers
stage "the layers are mounted"

open_changes
mount_root
copy_to_root
in_root "$init" ||
    fail "the root has no $init" "set init= to a program of the live system, or remove it"
stage "before the hand-over"

rm -f /run/now /run/new /run/asked /run/left /run/shells
cd /root && mkdir -p dev sys run proc
for directory in dev sys run proc; do # proc last, because busybox finds itself through it
    mount --move "/$directory" "/root/$directory"
done
# A reporter for an init without one: it is started by name because the initramfs' files go away now.
[ -x /root/usr/lib/lktest/watch ] && /bin/busybox chroot /root /usr/lib/lktest/watch
exec /bin/busybox switch_root /root "$init"
