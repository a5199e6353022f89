#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# /init of the initramfs that lktest adds to a kernel without one: it says that the kernel runs programs, and
# opens a shell.

export PATH=/bin:/sbin
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev
busybox mount -t tmpfs tmpfs /run
busybox mkdir -p /run/lktest
say "initramfs: started"
say "userspace: ready"
read -r consoles </sys/class/tty/console/active || consoles=console
console=${consoles##* }
[ "$console" = tty0 ] && console=tty1
while :; do
    busybox setsid -c sh -i <"/dev/$console" >"/dev/$console" 2>&1
    busybox sleep 1
done
