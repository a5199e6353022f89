#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# /init of lktest's live media, in the manner of linux-live: finds the medium that this
# kernel came from, stacks its layers into a root filesystem, and hands over to the init
# in there. It writes to no disk: the medium is mounted read-only, all changes stay in
# memory, and no swap, RAID or LVM is touched.
#
# Kernel parameters:
#   lktest.label=NAME  volume label of the medium
#   toram              copy the layers to memory, and let go of the medium
#   debug              a shell before the medium is searched, and before the hand-over
#   init=PATH          what to start instead of /sbin/init

export PATH=/bin:/sbin
busybox mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev
mount -t tmpfs -o nosuid,nodev,mode=0755 tmpfs /run
mkdir -p /run/lktest /run/medium /run/layers /run/changes
cp /bin/say /run/lktest/say

patience=90 # seconds for a medium to appear; slow USB and RAID controllers need tens

# ---- Shells -------------------------------------------------------------------------

# A shell on every console at once, for whoever looks at one of them; ends with the
# first that is left.
shells() {
    rm -f /run/left /run/shells
    mkfifo /run/left
    read -r consoles </sys/class/tty/console/active || consoles=console
    watchers=
    for console in $consoles; do
        [ "$console" = tty0 ] && console=tty1
        (
            setsid -c sh -c 'echo $$ >>/run/shells; exec sh -i' <"/dev/$console" >"/dev/$console" 2>&1
            echo "$console" >/run/left
        ) &
        watchers="$watchers $!"
    done
    until read -r console </run/left; do :; done # a child that ends interrupts the waiting
    echo "the shell on $console was left"
    kill $watchers 2>/dev/null
    kill -9 $(cat /run/shells) 2>/dev/null
}

# The end of a boot that failed: init must not exit, that would be a kernel panic.
fail() {
    say "initramfs: FAILED: $1"
    while :; do
        shells
        sleep 1
    done
}

has_parameter() {
    for parameter in $(cat /proc/cmdline); do
        [ "$parameter" = "$1" ] && return 0
    done
    return 1
}

# The value of NAME=VALUE; the last one counts, as everywhere in the kernel.
parameter() {
    value=
    for parameter in $(cat /proc/cmdline); do
        [ "${parameter%%=*}" = "$1" ] && value=${parameter#*=}
    done
    echo "$value"
}

stage() {
    has_parameter debug || return
    say "initramfs: debug: $1; leave the shell to go on"
    shells
}

# ---- Drivers ------------------------------------------------------------------------

# Loads what the kernel has names for and was not asked for yet. Must be repeated:
# a bus that is found now tells only then what hangs on it.
load_drivers() {
    cat /sys/bus/*/devices/*/modalias 2>/dev/null | sort -u >/run/now
    sort /run/now /run/asked /run/asked | uniq -u >/run/new
    [ -s /run/new ] || return
    tr '\n' '\0' </run/new | xargs -0 modprobe -qab 2>/dev/null
    mv /run/now /run/asked
}

# ---- The medium ---------------------------------------------------------------------

# Partitions before whole disks: the first sectors of a hybrid image are both, and
# mounting the whole disk would keep its other partitions from being used.
block_devices() {
    partitions= disks=
    for device in /sys/class/block/*; do
        name=${device##*/}
        case $name in loop* | ram* | zram* | dm-* | md* | fd*) continue ;; esac
        if [ -e "$device/partition" ]; then
            partitions="$partitions $name"
        else
            disks="$disks $name"
        fi
    done
    echo "$partitions $disks"
}

# Whether the device's filesystem has the medium's label: as ISO 9660's volume identifier
# (32 bytes at 32808), or as that of FAT12/16 or FAT32 (11 bytes at 43 or 71) when the
# medium's files were copied to a stick. Status 2: not ready yet, or an empty drive.
has_label() {
    found=$(dd if="$1" bs=4 skip=8202 count=8 2>/dev/null) || return 2
    [ "${found%% *}" = "$label" ] && return 0
    for at in 43 71; do
        found=$(dd if="$1" bs=1 skip=$at count=11 2>/dev/null) || return 2
        [ "${found%% *}" = "${label:0:11}" ] && return 0
    done
    return 1
}

has_layers() {
    set -- /run/medium/live/*.sb
    [ -e "$1" ]
}

# Mounts the device when it is the medium; one that is not is not looked at again.
try() {
    has_label "$1"
    case $? in
    1) rejected="$rejected $1 " ;;
    0)
        for type in iso9660 vfat; do
            mount -t $type -o ro "$1" /run/medium 2>/dev/null || continue
            has_layers && return 0
            umount /run/medium
        done
        ;;
    esac
    return 1
}

find_medium() {
    rejected=
    while read -r now _ </proc/uptime && [ "${now%%.*}" -lt "$deadline" ]; do
        load_drivers
        for name in $(block_devices); do
            device=/dev/$name
            case $name in *!*) device=/dev/${name%%!*}/${name#*!} ;; esac
            case $rejected in *" $device "*) continue ;; esac
            if try "$device"; then
                say "medium: found $device"
                return 0
            fi
        done
        usleep 100000
    done
    return 1
}

# ---- The root -----------------------------------------------------------------------

copy_to_ram() {
    mkdir /run/ram
    mount -t tmpfs -o size=90%,mode=0755 tmpfs /run/ram || fail "no memory for a copy of the medium"
    mkdir /run/ram/live
    for file in /run/medium/live/*; do
        cp "$file" /run/ram/live/ || fail "cannot copy ${file##*/} to memory: give the machine more, or boot without toram"
    done
    umount /run/medium
    mount --move /run/ram /run/medium
    say "medium: copied to memory"
}

# Each NN-*.sb in order; a later layer covers an earlier one.
mount_layers() {
    below=
    for file in /run/medium/live/*.sb; do
        layer=/run/layers/${file##*/}
        mkdir "$layer"
        mount -t squashfs -o loop,ro "$file" "$layer" || fail "cannot mount the layer ${file##*/}"
        below=$layer${below:+:$below}
    done
}

mount_root() {
    mount -t tmpfs -o mode=0755 tmpfs /run/changes
    mkdir /run/changes/upper /run/changes/work
    mount -t overlay -o "lowerdir=$below,upperdir=/run/changes/upper,workdir=/run/changes/work" overlay /root ||
        fail "cannot stack the layers"
    say "root: mounted"
}

# ---- The boot -----------------------------------------------------------------------

say "initramfs: started"
: >/run/asked
label=$(parameter lktest.label)
[ -n "$label" ] || fail "the kernel parameter lktest.label is missing"
read -r now _ </proc/uptime
deadline=$((${now%%.*} + patience))

stage "before the search for the medium"
modprobe -qa loop squashfs overlay
find_medium || fail "no medium with the label $label within $patience s"
if has_parameter toram; then
    copy_to_ram
fi
mount_layers
mount_root
stage "before the hand-over"

init=$(parameter init)
[ -n "$init" ] || init=/sbin/init
[ -x "/root$init" ] || [ -L "/root$init" ] || fail "the root has no $init"
rm -f /run/now /run/new /run/asked /run/left /run/shells
cd /root && mkdir -p dev sys run proc
for directory in dev sys run proc; do # proc last: busybox finds itself through it
    mount --move "/$directory" "/root/$directory"
done
exec /bin/busybox switch_root /root "$init"
