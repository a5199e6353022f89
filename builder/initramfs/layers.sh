# SPDX-License-Identifier: MIT
# Part of /init: stacks the medium's layers, SquashFS or EROFS, into the root.
#
#   load=NAME,…    of live/modules/*.sb only these; live/*.sb are always there
#   noload=NAME,…  none of these, wherever they are
# Each NAME is an extended regular expression, matched anywhere in the file's name.

# Sets layers to the files' paths, in the order of their numbers, wherever they are.
choose_layers() {
    load=$(parameter load | tr , '|') noload=$(parameter noload | tr , '|')
    for file in /run/medium/live/*.sb /run/medium/live/modules/*.sb; do
        [ -e "$file" ] || continue
        name=${file##*/}
        case $file in
        */modules/*) [ -z "$load" ] || echo "$name" | grep -qE -- "$load" || continue ;;
        esac
        [ -n "$noload" ] && echo "$name" | grep -qE -- "$noload" && continue
        echo "$name $file"
    done | sort -n >/run/chosen
    layers='' names=''
    while read -r name file; do
        layers="$layers $file"
        names="$names ${name%.sb}"
    done </run/chosen
    [ -n "$layers" ] || fail "noload=$(parameter noload) leaves no layer" "name fewer of them"
    say "layers:$names"
}

copy_to_ram() {
    if grep -q ' /run/medium tmpfs ' /proc/mounts; then # it came over the network
        say "medium: copied to memory"
        return
    fi
    mkdir /run/ram
    mount -t tmpfs -o size=90%,mode=0755 tmpfs /run/ram
    mkdir -p /run/ram/live/modules
    for file in /run/medium/live/*; do
        case $file in *.sb | */modules) continue ;; esac
        cp -a "$file" /run/ram/live/ || no_memory "$file"
    done
    copies=
    for file in $layers; do
        cp "$file" "/run/ram/${file#/run/medium/}" || no_memory "$file"
    done
    umount -d /run/medium 2>/dev/null || umount -d /run/medium/live
    umount -d /run/disk 2>/dev/null
    mount --move /run/ram /run/medium
    say "medium: copied to memory"
}

no_memory() {
    fail "cannot copy ${1##*/} to memory" "add memory, skip layers with noload=, or boot without toram"
}

# A later layer covers an earlier one.
mount_layers() {
    below=
    for file in $layers; do
        layer=/run/layers/${file##*/}
        mkdir "$layer"
        kind=squashfs
        [ "$(bytes "$file" 1024 4 | od -An -tx1)" = " e2 e1 f5 e0" ] && kind=erofs
        mount -t $kind -o loop,ro "$file" "$layer" ||
            fail "cannot mount the layer ${file##*/}" "it is damaged or not a SquashFS or EROFS: boot with check"
        below=$layer${below:+:$below}
    done
}

# overlay LOWER-AND-UPPER
overlay() {
    mount -t overlay -o "$1" overlay /root
}

mount_root() {
    if [ -n "$kept" ]; then
        overlay "lowerdir=$below,upperdir=$kept/upper,workdir=$kept/work" && say "root: mounted" && return
        drop_changes "its file system cannot hold them"
    fi
    mount -t tmpfs -o mode=0755 tmpfs /run/changes
    mkdir /run/changes/upper /run/changes/work
    overlay "lowerdir=$below,upperdir=/run/changes/upper,workdir=/run/changes/work" ||
        fail "cannot stack the layers" "boot with debug, and read dmesg"
    say "root: mounted"
}

# Copies the medium's live/rootcopy and then its rootcopy=DIR over the root.
copy_to_root() {
    extra=$(parameter rootcopy)
    for directory in /live/rootcopy "$extra"; do
        [ -n "$directory" ] || continue
        if [ -d "/run/medium$directory" ]; then
            cp -a "/run/medium$directory/." /root/ || say "rootcopy: FAILED: not all of $directory has room"
            say "rootcopy: $(find "/run/medium$directory" ! -type d | wc -l) files from $directory"
        elif [ "$directory" = "$extra" ]; then
            say "rootcopy: FAILED: the medium has no $extra: continuing without it"
        fi
    done
}

# in_root PATH: whether the root has an executable there. Symlinks lead to places in the root, whatever the
# initramfs has at the same path.
newroot=/root
in_root() {
    left=$1 place='' links=0
    while [ -n "$left" ]; do
        name=${left%%/*}
        case $left in */*) left=${left#*/} ;; *) left= ;; esac
        case $name in
        '' | .) continue ;;
        ..) place=${place%/*} && continue ;;
        esac
        if [ ! -L "$newroot$place/$name" ]; then
            place=$place/$name
            continue
        fi
        links=$((links + 1))
        [ $links -le 40 ] || return 1
        target=$(readlink "$newroot$place/$name")
        left=$target/$left
        case $target in /*) place= ;; esac
    done
    [ -f "$newroot$place" ] && [ -x "$newroot$place" ]
}
