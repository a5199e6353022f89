#!/usr/lib/lktest/busybox sh
# SPDX-License-Identifier: MIT
# Says "userspace: ready" for an init that cannot be given a service without changing the root's own
# files. The initramfs starts this before it hands over, and the process outlives the hand-over. It
# only reads /proc and /run.

if [ "$1" != wait ]; then
    setsid "$0" wait </dev/null >/dev/null 2>&1 &
    exit 0
fi

# Whether a process is there whose name matches.
runs() {
    for process in /proc/[0-9]*/comm; do
        read -r name <"$process" || continue
        case " $* " in *" $name "*) return 0 ;; esac
    done 2>/dev/null
    return 1
}

# Whether a console waits for a person: a login prompt, BusyBox's "Please press Enter", or a shell without a script.
prompts() {
    for process in /proc/[0-9]*; do
        read -r name <"$process/comm" || continue
        case $name in
        getty | agetty | mingetty | fgetty | ngetty | login) return 0 ;;
        init | linuxrc | busybox | sh | ash | bash | dash) ;;
        *) continue ;;
        esac
        [ "${process#/proc/}" = 1 ] && continue
        read -r _ _ _ parent _ <"$process/stat" || continue
        [ "$parent" = 1 ] || continue
        words=$(tr '\0' '\n' <"$process/cmdline")
        case $name:$words in
        # A copy of BusyBox's init that has not started its program yet: it waits for Enter. sysvinit has
        # such a copy while start scripts run.
        init:* | linuxrc:*) case $(readlink /proc/1/exe) in *busybox*) ;; *) continue ;; esac ;;
        *:-*) ;;               # a login shell
        *"
"*) continue ;;                # a script
        esac
        case " $before " in *" $process "*) return 0 ;; esac # it was there half a second ago
        seen="$seen $process"
    done 2>/dev/null
    return 1
}

ready() {
    seen=
    if prompts; then
        return 0
    fi
    before=$seen
    read -r first </proc/1/comm
    case $first in
    runit*) runs runsvdir ;;
    s6-svscan) ! runs rc.init s6-rc s6-rc-init s6-rc-oneshot-ru && [ -n "$settled" ] ;;
    *)
        softlevel=
        read -r softlevel </run/openrc/softlevel
        case $softlevel in '' | boot | sysinit) return 1 ;; esac
        ! runs openrc rc openrc-run runscript
        ;;
    esac 2>/dev/null
}

before='' settled=
until ready; do
    usleep 500000
    case $first in s6-svscan) settled=yes ;; esac
done
/usr/lib/lktest/say "userspace: ready"
exec /usr/lib/lktest/network
