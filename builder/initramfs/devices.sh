# SPDX-License-Identifier: MIT
# Part of /init: drivers, block devices and their file systems.

# Loads drivers for all devices that do not have one yet. Must be repeated, because a bus
# lists its devices only after it has its driver.
load_drivers() {
    cat /sys/bus/*/devices/*/modalias 2>/dev/null | sort -u >/run/now
    sort /run/now /run/asked /run/asked | uniq -u >/run/new
    [ -s /run/new ] || return 0
    tr '\n' '\0' </run/new | xargs -0 modprobe -qab 2>/dev/null
    mv /run/now /run/asked
}

# Partitions before whole disks: the first sectors of a hybrid image are both, and
# mounting the whole disk would keep its other partitions from being used.
block_devices() {
    partitions='' disks=''
    for device in /sys/class/block/*; do
        [ -e "$device" ] || continue # none exists yet, and /dev/* would be every terminal
        name=${device##*/}
        case $name in loop* | ram* | zram* | dm-* | md* | fd*) continue ;; esac
        case $name in *!*) name=${name%%!*}/${name#*!} ;; esac
        if [ -e "$device/partition" ]; then
            partitions="$partitions /dev/$name"
        else
            disks="$disks /dev/$name"
        fi
    done
    echo "$partitions $disks"
}

# Calls TRY DEVICE for every block device until one succeeds, new ones as they come;
# fails at the deadline. Status 2 of TRY: look at this device again later.
each_device() {
    rejected=
    while read -r now _ </proc/uptime && [ "${now%%.*}" -lt "$deadline" ]; do
        load_drivers
        for device in $(block_devices); do
            case $rejected in *" $device "*) continue ;; esac
            "$1" "$device"
            case $? in
            0) return 0 ;;
            1) rejected="$rejected $device " ;;
            esac
        done
        usleep 100000
    done
    return 1
}

# bytes FILE OFFSET COUNT
bytes() {
    dd if="$1" bs=1 skip="$2" count="$3" 2>/dev/null
}

# The file system on a device or in a file, by its magic number; "none" when it is none
# that this kernel mounts. Fails when there is nothing to read: an empty drive.
filesystem_of() {
    start=$(bytes "$1" 0 8) || return 1
    case $start in
    XFSB*) echo xfs && return ;;
    ???EXFAT) echo exfat && return ;;
    esac
    if [ "$(bytes "$1" 32769 5)" = CD001 ]; then
        echo iso9660
    elif [ "$(bytes "$1" 65600 8)" = _BHRfS_M ]; then
        echo btrfs
    elif [ "$(bytes "$1" 1080 2 | od -An -tx1)" = " 53 ef" ]; then
        echo ext4
    elif [ "$(bytes "$1" 54 3)" = FAT ] || [ "$(bytes "$1" 82 3)" = FAT ]; then
        echo vfat
    else
        echo none
    fi
}

# mount_readonly DEVICE DIRECTORY: mounts without writing anything. It also skips the
# replay of a journal after a crash, which would write.
mount_readonly() {
    kind=$(filesystem_of "$1") || return 2
    case $kind in
    none) return 1 ;;
    ext4) how=ro,noload ;;
    xfs) how=ro,norecovery,nouuid ;;
    btrfs) how=ro,nologreplay ;;
    *) how=ro ;;
    esac
    mount -t "$kind" -o "$how" "$1" "$2" 2>/dev/null
}
