# SPDX-License-Identifier: MIT
# Part of /init: the kernel's parameters, and shells for debugging.

# A shell on every console at once, because the user may sit at any of them. Ends with
# the first shell that is left.
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
    until read -r console </run/left; do :; done # a child that ends interrupts the wait
    echo "the shell on $console ended"
    kill $watchers 2>/dev/null
    kill -9 $(cat /run/shells) 2>/dev/null
}

# The end of a boot that failed: init must not exit, that would be a kernel panic.
# fail WHAT WHAT-TO-DO
fail() {
    say "initramfs: FAILED: $1${2:+: $2}"
    while :; do
        shells
        sleep 1
    done
}

stage() {
    has_parameter debug || return 0
    say "initramfs: debug: $1; leave the shell to continue"
    shells
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
        [ "${parameter%%=*}" = "$1" ] && [ "$parameter" != "$1" ] && value=${parameter#*=}
    done
    echo "$value"
}
