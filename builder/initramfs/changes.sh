# SPDX-License-Identifier: MIT
# Part of /init: keeps changes on a disk. Errors here do not end the boot: they are
# reported, and changes stay in memory.
#
#   changes=/dev/sda3      a partition; LABEL=NAME or UUID=… for its name
#   changes=/dev/sda3/DIR  a directory on it
#   perch                  the partition LKTEST_DATA, else the medium, if it is writable
#   perchsize=512M         size of a new image file
# ext4, xfs and btrfs hold the changes in DIR/changes. FAT cannot, so it gets a file
# DIR/changes.img with ext4 in it.

data_label=LKTEST_DATA
least=8 # MiB that must be free

drop_changes() {
    say "changes: FAILED: $1: they stay in memory this time"
    cd / && umount -d /run/kept 2>/dev/null
    umount /run/disk2 2>/dev/null
    kept=
}

# Sets kept to the directory that has upper/ and work/; empty when changes stay in memory.
open_changes() {
    kept=
    changes=$(parameter changes)
    [ -n "$changes" ] || { has_parameter perch && changes=LABEL=$data_label; } || return 0
    patience=$deadline
    read -r now _ </proc/uptime
    deadline=$((${now%%.*} + 20))
    has_parameter perch && deadline=$((${now%%.*} + 5)) # its disk is mostly the medium's own
    if each_device is_changes_device; then
        keep_on "$device" "$path"
    elif has_parameter perch && keep_on_medium; then
        :
    else
        say "changes: FAILED: there is no $changes: they stay in memory this time"
    fi
    deadline=$patience
}

is_changes_device() {
    path=
    case $changes in
    /dev/*)
        case $changes/ in "$1"/*) path=${changes#"$1"} ;; *) return 1 ;; esac
        ;;
    *)
        [ "$(findfs "${changes%%/*}" 2>/dev/null)" = "$1" ] || return 2
        case $changes in */*) path=/${changes#*/} ;; esac
        ;;
    esac
}

# A program of the live system itself: the initramfs has neither e2fsck nor every driver.
with_layers() {
    overlay "lowerdir=$below:/run/layers" || return
    mount --bind /dev /root/dev && chroot /root "$@" >/dev/null 2>&1
    status=$?
    umount /root/dev
    umount /root
    return $status
}

# keep_on DEVICE DIRECTORY
keep_on() {
    kind=$(filesystem_of "$1") || kind=none
    mkdir -p /run/kept /run/disk2
    [ "$(blockdev --getro "$1")" = 0 ] || { drop_changes "$1 is write-protected" && return; }
    case $kind in
    ext4)
        with_layers e2fsck -p "$1"
        [ $? -lt 4 ] || say "changes: $1 has errors that e2fsck -p cannot fix: run e2fsck on it"
        ;;
    xfs | btrfs | vfat | exfat) ;;
    *) drop_changes "$1 has no ext4, xfs, btrfs or FAT" && return ;;
    esac
    with_layers modprobe "$kind" # it may be in the modules' layer only
    mount -t "$kind" -o rw,noatime "$1" /run/disk2 2>/dev/null || { drop_changes "$1 cannot be mounted" && return; }
    keep_in "/run/disk2$2" "$1"
}

# The medium itself, when it is a stick with FAT.
keep_on_medium() {
    [ "$(filesystem_of "$(medium_device)")" = vfat ] || return 1
    mount -o remount,rw /run/medium || return 1
    kind=vfat
    mkdir -p /run/kept
    keep_in /run/medium/live "the medium"
}

medium_device() {
    awk '$2 == "/run/medium" { print $1 }' /proc/mounts
}

# keep_in DIRECTORY WHERE: kind is the file system that the directory is on
keep_in() {
    if ! { mkdir -p "$1" && : >"$1/.lktest-writable" && rm "$1/.lktest-writable"; } 2>/dev/null; then
        drop_changes "$2 cannot be written"
        return
    fi
    case $kind in
    vfat | exfat) open_image "$1/changes.img" "$2" || return ;;
    *) mount --bind "$1" /run/kept ;;
    esac
    free=$(free_in /run/kept)
    if [ "$free" -lt $least ]; then
        drop_changes "only $free MiB are free on $2"
        return
    fi
    kept=/run/kept/changes
    mkdir -p $kept/upper $kept/work || { drop_changes "$2 cannot be written" && return; }
    chmod 755 $kept/upper
    say "changes: on $2, $free MiB free"
}

free_in() { # MiB
    df -Pm "$1" | awk 'NR == 2 { print $4 }'
}

# open_image FILE WHERE
open_image() {
    if [ ! -e "$1" ]; then
        size=$(parameter perchsize)
        case $size in
        *[Gg]) size=$((${size%[Gg]} * 1024)) ;;
        *[Mm]) size=${size%[Mm]} ;;
        '')
            size=$(($(free_in "${1%/*}") / 2))
            [ $size -gt 1024 ] && size=1024
            ;;
        esac
        [ "$size" -ge $least ] 2>/dev/null || { drop_changes "perchsize=$size is not a size, or $2 is full" && return 1; }
        say "changes: making ${1##*/} of $size MiB on $2"
        dd if=/dev/zero of="$1" bs=1M count="$size" 2>/dev/null || {
            rm -f "$1"
            drop_changes "$2 has no room for $size MiB"
            return 1
        }
        loop=$(losetup -f) && losetup "$loop" "$1" && {
            with_layers mke2fs -q -F -t ext4 -m 0 -E nodiscard,lazy_itable_init=0,lazy_journal_init=0 "$loop" || mke2fs -F -m 0 "$loop" >/dev/null 2>&1
        }
    else
        loop=$(losetup -f) && losetup "$loop" "$1" && with_layers e2fsck -p "$loop"
    fi
    mount -t ext4 -o noatime "$loop" /run/kept 2>/dev/null && return 0
    losetup -d "$loop"
    drop_changes "${1##*/} on $2 is damaged"
    return 1
}
